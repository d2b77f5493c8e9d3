/* How the page looks and sounds, remembered per child on this device.

   A classic script in <head>, so that the page is never first drawn in another size or light.
   Each preference becomes a data- attribute of <html>, which styles and the reading voice go by. */
(() => {
  /** @typedef {Record<string, string>} Preferences */
  const root = document.documentElement;
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const { child, type } = script.dataset;
  const KEY = `storyteller-reader-${child}`;
  const siteTheme = root.dataset.theme;
  const usual = {
    size: "m",
    spacing: "roomy",
    type: type ?? "book",
    light: "auto",
    speed: "0.9",
    marks: "on",
  };

  /** @returns {Preferences} */
  const stored = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY) ?? "{}");
    } catch {
      return {};
    }
  };
  const remember = (/** @type {Preferences} */ preferences) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(preferences));
    } catch {
      // Storage may be forbidden; the preferences then last as long as the page.
    }
  };
  const apply = (/** @type {Preferences} */ preferences) => {
    Object.assign(root.dataset, preferences);
    const { light } = root.dataset;
    const theme = light === "auto" ? siteTheme : light;
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  const wire = () => {
    const panel = /** @type {HTMLDetailsElement} */ (document.getElementById("preferences"));
    const form = /** @type {HTMLFormElement} */ (document.getElementById("preferences-form"));
    /** @type {NodeListOf<HTMLInputElement>} */
    const radios = form.querySelectorAll("[type=radio]");
    for (const radio of radios) radio.checked = root.dataset[radio.name] === radio.value;
    form.addEventListener("change", ({ target }) => {
      // Only what was changed: a voice that nobody chose, or of another language, is none to keep.
      const { name, value } = /** @type {HTMLInputElement | HTMLSelectElement} */ (target);
      if (!name) return; // for now only, as the time to end at
      apply({ [name]: value });
      remember({ ...stored(), [name]: value });
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !panel.open) return;
      panel.open = false;
      panel.querySelector("summary")?.focus();
    });
    document.addEventListener("pointerdown", ({ target }) => {
      if (!(target instanceof Node && panel.contains(target))) panel.open = false;
    });
    panel.hidden = false;
  };

  apply({ ...usual, ...stored() });
  document.addEventListener("DOMContentLoaded", wire);
})();
