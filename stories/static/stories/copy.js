/* The key of a connected app: a button that copies it, where the browser lets a page do so. */
const button = document.querySelector("[data-copy]");
if (button && navigator.clipboard) {
  const field = document.querySelector(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    document.querySelector("[data-copied]").hidden = false;
  });
}
