/* What courses gain from JavaScript: the outline unfolded where there is room, the device's time
   zone with the button that begins, drafts of notes, and recordings that go on where they were left.
   Everything works without it. */
(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];

  // Browsers that cannot show a folded part by their style sheet.
  const outline = document.querySelector("[data-unfold]");
  if (outline && !CSS.supports("selector(::details-content)")) {
    const wide = matchMedia("(width >= 60rem)");
    const fit = () => { outline.open = wide.matches; };
    wide.addEventListener("change", fit);
    fit();
  }

  for (const field of all("input[name='time_zone'][type='hidden']")) {
    try { field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || ""; } catch { /* the course's own */ }
  }

  // Notes that were typed and not sent yet outlive a closed page, on this device alone.
  const store = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { if (value === null) localStorage.removeItem(key); else localStorage.setItem(key, value); } catch { /* not kept */ } },
  };
  for (const form of all("form[data-notes]")) {
    const field = form.elements.notes;
    const state = form.querySelector("[data-notes-state]");
    const key = `notes:${form.dataset.notes}`;
    const kept = field.defaultValue;
    // Kept without the blank lines around them, as the server keeps them.
    const isKept = (text) => text.trim() === kept.trim();
    const say = () => { state.textContent = isKept(field.value) ? "" : state.dataset.draft; };
    const draft = store.get(key);
    if (draft !== null && isKept(draft)) store.set(key, null);
    else if (draft !== null) field.value = draft;
    say();
    field.addEventListener("input", () => {
      store.set(key, isKept(field.value) ? null : field.value);
      say();
    });
  }

  // Where a recording is, now and then and when it is left.
  const EVERY = 15;
  for (const media of all("[data-position-url]")) {
    const left = Number(media.dataset.leftAt);
    const token = document.querySelector("input[name='csrfmiddlewaretoken']");
    // Until it stands where it was left, where it stands says nothing: telling it would lose the place.
    let placed = false;
    const place = () => {
      if (left > 5 && left < media.duration - 5) media.currentTime = left;
      placed = true;
    };
    // A recording that is quick, or kept by the browser, is known before this script runs.
    if (media.readyState >= HTMLMediaElement.HAVE_METADATA) place();
    else media.addEventListener("loadedmetadata", place, { once: true });
    if (!token) continue;
    let told = left;
    const tell = () => {
      if (!placed) return;
      const seconds = Math.floor(media.ended ? 0 : media.currentTime);
      if (seconds === told) return;
      told = seconds;
      fetch(media.dataset.positionUrl, {
        method: "POST",
        keepalive: true,
        headers: { "X-CSRFToken": token.value },
        body: new URLSearchParams({ seconds }),
      }).catch(() => { told = -1; });
    };
    media.addEventListener("timeupdate", () => { if (Math.abs(media.currentTime - told) >= EVERY) tell(); });
    for (const event of ["pause", "ended"]) media.addEventListener(event, tell);
    document.addEventListener("visibilitychange", () => { if (document.hidden) tell(); });
  }
})();
