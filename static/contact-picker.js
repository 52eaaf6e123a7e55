// A phone's own address book, where the browser has a contact picker: the person picks somebody, the
// page gets that person's name and addresses, and nobody else's. They go into the form for typing an
// address, and nowhere before its button is pressed.
// https://developer.mozilla.org/en-US/docs/Web/API/Contact_Picker_API
"use strict";

(() => {
  const form = document.querySelector("form[data-contact-picker]");
  if (!form || !("contacts" in navigator) || !("ContactsManager" in window)) return;

  const { name, address } = form.elements;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button-quiet";
  button.textContent = "Pick somebody from this phone";
  const said = document.createElement("p");
  said.className = "hint after-field";
  said.setAttribute("role", "status");
  const others = document.createElement("datalist");
  others.id = "picked-addresses";
  address.setAttribute("list", others.id);

  const take = (person) => {
    const addresses = [...new Set(person.email ?? [])];
    name.value = person.name?.[0] ?? "";
    address.value = addresses[0] ?? "";
    others.replaceChildren(...addresses.map((one) => new Option(one)));
    address.focus();
    if (!addresses.length) said.textContent = "This person has no e-mail address on this phone.";
    else if (addresses.length === 1) said.textContent = "Look at it, then press “Add this person”.";
    else said.textContent = `This person has ${addresses.length} addresses. The field offers the others.`;
  };

  button.addEventListener("click", async () => {
    said.textContent = "";
    try {
      const [person] = await navigator.contacts.select(["name", "email"], { multiple: false });
      if (person) take(person);
    } catch {
      said.textContent = "This phone did not open its address book. You can type the address.";
    }
  });

  form.prepend(button, said, others);
})();
