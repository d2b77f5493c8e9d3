/* Forms that start something: a second tap while the first is under way does nothing. */
for (const form of document.querySelectorAll("form[data-once]")) {
  const button = form.querySelector("[type=submit]");
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
    button?.setAttribute("aria-disabled", "true");
  });
  // The browser's "back" brings the page as it was left.
  window.addEventListener("pageshow", () => {
    isSent = false;
    button?.removeAttribute("aria-disabled");
  });
}
