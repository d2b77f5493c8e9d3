/* How the page looks and sounds, remembered per child on this device.

   A classic script in <head>, so that the page is never first drawn in another size or light.
   Each wish becomes a data- attribute of <html>, which the styles and the reading voice go by. */
(() => {
  const root = document.documentElement;
  const { child, type } = document.currentScript.dataset;
  const KEY = `storyteller-reader-${child}`;
  const siteTheme = root.dataset.theme;
  const usual = { size: "m", spacing: "roomy", type: type ?? "book", light: "auto", speed: "0.9" };

  const stored = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
      return {};
    }
  };
  const remember = (wishes) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(wishes));
    } catch {
      // Storage may be forbidden; the wishes then last as long as the page.
    }
  };
  const apply = (wishes) => {
    Object.assign(root.dataset, wishes);
    const theme = wishes.light === "auto" ? siteTheme : wishes.light;
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  const wire = () => {
    const panel = document.getElementById("preferences");
    const form = document.getElementById("preferences-form");
    for (const input of form.querySelectorAll("[type=radio]")) {
      input.checked = root.dataset[input.name] === input.value;
    }
    form.addEventListener("change", () => {
      const wishes = Object.fromEntries(new FormData(form));
      apply(wishes);
      remember({ ...stored(), ...wishes });
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !panel.open) return;
      panel.open = false;
      panel.querySelector("summary").focus();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!panel.contains(event.target)) panel.open = false;
    });
    panel.hidden = false;
  };

  apply({ ...usual, ...stored() });
  document.addEventListener("DOMContentLoaded", wire);
})();
