// Moments, which the server writes in UTC, in the reader's own time and the same short form.
"use strict";

(() => {
  const rewrite = () => {
    for (const moment of document.querySelectorAll("time[data-form]")) {
      const at = new Date(moment.dateTime);
      const two = (number) => String(number).padStart(2, "0");
      const pieces = {
        j: at.getDate(),
        F: at.toLocaleString("en-GB", { month: "long" }),
        Y: at.getFullYear(),
        H: two(at.getHours()),
        i: two(at.getMinutes()),
        s: two(at.getSeconds()),
      };
      moment.textContent = moment.dataset.form.replace(/[jFYHis]/g, (letter) => pieces[letter]);
      delete moment.dataset.form;
    }
  };

  rewrite();
  document.addEventListener("htmx:afterSwap", rewrite);
})();
