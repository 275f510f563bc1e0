/* What conversations gain from JavaScript: parts loaded in place (htmx, fetched when somebody comes
   near), drafts that outlive a lost connection, a name that is remembered where its owner wants it,
   and the puzzle for visitors. Everything works without it. */
(() => {
  "use strict";
  const { htmx, worker } = document.currentScript.dataset;
  const REMEMBERED = "comments:me";
  const store = {
    get: (key) => { try { return localStorage.getItem(key) || ""; } catch { return ""; } },
    set: (key, value) => { try { if (value) localStorage.setItem(key, value); else localStorage.removeItem(key); } catch { /* not kept */ } },
  };
  const all = (root, selector) => [...root.querySelectorAll(selector)];

  function loadHtmx() {
    if (document.querySelector("script[data-talk-htmx]")) return;
    // Begun between the two events, htmx waits for one that has been and never starts.
    if (document.readyState !== "complete") { addEventListener("load", loadHtmx, { once: true }); return; }
    const config = document.createElement("meta");
    config.name = "htmx-config";
    config.content = JSON.stringify({ allowEval: false, includeIndicatorStyles: false, historyEnabled: false });
    const script = document.createElement("script");
    script.src = htmx;
    script.dataset.talkHtmx = "";
    document.head.append(config, script);
  }

  function draftKey(form) {
    const answer = form.elements.answer ? form.elements.answer.value : "";
    return `draft:${form.getAttribute("action")}:${answer}`;
  }

  /* After an answer of the server: what was taken needs no draft any more, what was not keeps it. */
  function settleDraft(wasTaken) {
    const sent = store.get("draft-sent");
    if (sent && wasTaken) store.set(sent, "");
    if (sent) store.set("draft-sent", "");
  }

  function remember(form) {
    const box = form.querySelector("[data-remember]");
    if (!box) return;
    const tick = box.querySelector("input");
    const fields = all(form, "[data-keep]");
    let known = {};
    try { known = JSON.parse(store.get(REMEMBERED) || "{}"); } catch { /* nothing usable */ }
    tick.checked = Object.keys(known).length > 0;
    for (const field of fields) field.value ||= known[field.dataset.keep] || "";
    box.hidden = false;
    const keep = () => store.set(REMEMBERED, tick.checked
      ? JSON.stringify(Object.fromEntries(fields.map((field) => [field.dataset.keep, field.value])))
      : "");
    tick.addEventListener("change", keep);
    for (const field of fields) field.addEventListener("change", () => tick.checked && keep());
  }

  async function solve(form) {
    if (form.dataset.solving || !form.dataset.puzzle || form.elements.altcha.value || !globalThis.crypto?.subtle) return;
    form.dataset.solving = "yes";
    try {
      const answer = await fetch(form.dataset.puzzle, { credentials: "omit" });
      const thread = new Worker(worker);
      thread.onmessage = ({ data }) => { form.elements.altcha.value = data; thread.terminate(); };
      thread.onerror = () => thread.terminate();
      thread.postMessage(await answer.json());
    } catch { delete form.dataset.solving; }
  }

  function prepare(form) {
    if (form.dataset.ready) return;
    form.dataset.ready = "yes";
    const { body, client_id: name, altcha } = form.elements;
    if (name && !name.value) name.value = crypto.randomUUID?.() || `${Date.now()}-${Math.random()}`;
    // Text that came back from the site (a preview, an error) has its answer still; one that the
    // browser put back has used it up.
    if (altcha && !body.defaultValue) altcha.value = "";
    if (!body.value) body.value = store.get(draftKey(form));
    body.addEventListener("input", () => store.set(draftKey(form), body.value));
    form.addEventListener("focusin", () => { loadHtmx(); solve(form); });
    form.addEventListener("submit", () => { form.dataset.sent = draftKey(form); });
    if (body.defaultValue || form.contains(document.activeElement)) solve(form);
    remember(form);
  }

  function prepareAll(root) {
    for (const form of all(root, "form[data-talk-form]")) prepare(form);
  }

  prepareAll(document);
  // A comment that was sent needs no draft any more: the page that follows says so by its address.
  settleDraft(/^\/(comments\/\d+|conversations\/.*\/sent)\/$/.test(location.pathname));
  document.addEventListener("submit", ({ target }) => {
    if (target.dataset?.sent) store.set("draft-sent", target.dataset.sent);
  });

  const talk = document.getElementById("comments");
  if (talk && "IntersectionObserver" in window) {
    const watch = new IntersectionObserver((seen) => {
      if (seen.some((each) => each.isIntersecting)) { watch.disconnect(); loadHtmx(); }
    }, { rootMargin: "600px" });
    watch.observe(talk);
  }

  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    prepareAll(document);
    // In place of a form: what was said, or what happens next.
    const said = all(document, ".talk-said:not([data-seen])");
    settleDraft(said.length > 0);
    for (const each of said) { each.dataset.seen = ""; each.tabIndex = -1; each.focus(); }
    const field = detail.target.matches?.(".slot") && detail.target.querySelector("textarea");
    if (field) field.focus();
    const wrong = document.querySelector(".talk-write [role='alert'], .talk-write .field-wrong textarea, .talk-write .field-wrong input");
    if (wrong && wrong.focus) { if (wrong.matches("[role='alert']")) wrong.tabIndex = -1; wrong.focus(); }
  });
  for (const trouble of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(trouble, ({ target }) => {
      const status = target.closest?.("[data-talk-form]")?.querySelector("[data-talk-status]");
      if (status) status.textContent = status.dataset.lost;
    });
  }
})();
