// The keys of a card: 1–5, N, D, X press the button that shows them. Never while somebody types, and
// never with Ctrl, Alt or Meta. They can be turned off; the browser remembers that.
"use strict";

(() => {
  const form = document.querySelector("form[data-keys]");
  if (!form) return;

  const remembered = "review-keys-off";
  const off = () => localStorage.getItem(remembered) === "yes";
  // A key pressed twice must not decide on the next person unseen: keys wait for a moment.
  const pause = 400;
  let ready = false;

  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "link-button keys-toggle";
  const say = () => {
    form.classList.toggle("keys-off", off());
    toggle.textContent = off() ? "Keys are off. Turn them on" : "Keys are on. Turn them off";
  };
  toggle.addEventListener("click", () => {
    localStorage.setItem(remembered, off() ? "no" : "yes");
    say();
  });
  say();
  form.append(toggle);

  document.addEventListener("keydown", (event) => {
    if (off() || !ready || event.repeat || event.isComposing) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const button = form.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button) return;
    event.preventDefault();
    ready = false;
    button.click();
  });

  // Also after coming back with the browser's own Back button.
  window.addEventListener("pageshow", () => {
    setTimeout(() => {
      ready = true;
      form.dataset.keys = "ready";
    }, pause);
  });
})();
