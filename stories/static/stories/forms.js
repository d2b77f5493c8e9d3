/* Forms that start something: a second tap while the first is under way does nothing. */
for (const form of document.querySelectorAll("form[data-once]")) {
  const buttons = form.querySelectorAll("[type=submit]");
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
    for (const button of buttons) button.setAttribute("aria-disabled", "true");
  });
  // The browser's "back" brings the page as it was left.
  window.addEventListener("pageshow", () => {
    isSent = false;
    for (const button of buttons) button.removeAttribute("aria-disabled");
  });
}
