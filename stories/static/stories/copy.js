/* The key of a connected app: a button that copies it, where the browser lets a page do so. */

/** @type {HTMLButtonElement | null} */
const button = document.querySelector("[data-copy]");

if (button && navigator.clipboard) {
  /** @type {HTMLInputElement | null} */
  const field = document.querySelector(button.dataset.copy ?? "");
  /** @type {HTMLElement | null} */
  const note = document.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!field || !note) return;
    field.select();
    await navigator.clipboard.writeText(field.value);
    note.hidden = false;
  });
}
