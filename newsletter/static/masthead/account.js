// Offer the device's time zone where none is chosen. It is stored only when the person saves.
(() => {
  const field = document.querySelector("[data-time-zone]");
  const select = field?.querySelector("select");
  if (!select || select.value) return;
  // Browsers still say Asia/Calcutta and Europe/Kiev: compare under the browser's own names.
  const known = (zone) => {
    try {
      return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
    } catch {
      return null;
    }
  };
  const device = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const options = [...select.options].filter((option) => option.value);
  const found =
    options.find((option) => option.value === device) ??
    options.find((option) => known(option.value) === device);
  if (!found) return;
  select.value = found.value;
  field.querySelector("[data-guess]").hidden = false;
})();
