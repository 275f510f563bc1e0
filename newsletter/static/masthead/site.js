/* What a page gains from JavaScript. Everything works without it. */
(() => {
  "use strict";
  const root = document.documentElement;
  const button = document.getElementById("theme-switch");
  if (!button) return;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => { button.textContent = isDark() ? button.dataset.toLight : button.dataset.toDark; };
  button.addEventListener("click", () => {
    const choice = isDark() ? "light" : "dark";
    root.dataset.theme = choice;
    try {
      // Back on what the system says: nothing to remember.
      if ((choice === "dark") === system.matches) localStorage.removeItem("paper");
      else localStorage.setItem("paper", choice);
    } catch { /* the choice holds for this page only */ }
    label();
  });
  system.addEventListener("change", label);
  label();
  button.hidden = false;
})();
