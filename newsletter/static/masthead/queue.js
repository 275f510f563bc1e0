// The queue without a page in between, and by keys. Without this every button is a plain form.
(() => {
  "use strict";
  const queue = document.querySelector("[data-queue]");
  if (!queue) return;
  const said = queue.querySelector("[data-said]");
  const dialog = document.getElementById("queue-keys");
  const opener = document.querySelector("[data-keys-open]");
  const keysOn = dialog.querySelector("[data-keys-on]");
  const taken = []; // what can be taken back: {row, kept, event}
  const SWITCH = "masthead-queue-keys";

  const rows = () => [...queue.querySelectorAll("[data-row]")];
  const current = () => document.activeElement?.closest?.("[data-row]");

  function go(step, from = current()) {
    const all = rows();
    const at = all.indexOf(from);
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  function say(words) {
    said.textContent = words;
  }

  async function send(form, button) {
    const data = new FormData(form);
    if (button?.name) data.set(button.name, button.value);
    const response = await fetch(form.action, {
      method: "POST",
      body: data,
      headers: { Accept: "application/json" },
    });
    if (!response.ok && response.status !== 409) throw new Error(String(response.status));
    const answer = await response.json();
    for (const [tab, count] of Object.entries(answer.counts)) {
      const place = queue.querySelector(`[data-count="${tab}"]`);
      if (place) place.textContent = count;
    }
    return { ...answer, ok: response.ok };
  }

  function line(words) {
    const done = document.createElement("p");
    done.className = "queue-done";
    done.append(words);
    return done;
  }

  async function decide(form, button) {
    const row = form.closest("[data-row]");
    if (row.dataset.busy) return;
    row.dataset.busy = "1";
    try {
      const answer = await send(form, button);
      say(answer.words);
      row.querySelector(".desk-problem")?.remove();
      if (!answer.ok) {
        const problem = document.createElement("p");
        problem.className = "desk-problem";
        problem.textContent = answer.words;
        row.append(problem);
        return;
      }
      fold(row, form, answer);
    } catch {
      say(queue.dataset.lost);
      const problem = line(queue.dataset.lost);
      problem.className = "desk-problem";
      row.querySelector(".desk-problem")?.remove();
      row.append(problem);
    } finally {
      delete row.dataset.busy;
    }
  }

  function fold(row, form, answer) {
    const kept = [...row.childNodes];
    const name = row.querySelector(".queue-who")?.firstElementChild?.textContent ?? "";
    const done = line(`${name}: ${answer.words}`);
    row.replaceChildren(done);
    if (answer.events.length) {
      const entry = { row, kept, form, event: answer.events.join(",") };
      const back = document.createElement("button");
      back.type = "button";
      back.className = "desk-button";
      back.textContent = queue.dataset.undo;
      back.addEventListener("click", () => undo(entry));
      done.append(" ", back);
      taken.push(entry);
    }
    const all = rows();
    const next = all.slice(all.indexOf(row) + 1).find((other) => !other.querySelector(".queue-done"));
    (next ?? row).focus();
    (next ?? row).scrollIntoView({ block: "nearest" });
  }

  async function undo(entry) {
    const form = entry.form.cloneNode(true);
    for (const field of form.querySelectorAll("[name=chosen]")) field.remove();
    const put = (name, value) => {
      form.querySelector(`[name=${name}]`)?.remove();
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    };
    put("event", entry.event);
    put("act", "undo");
    try {
      const answer = await send(form);
      say(answer.words);
      if (!answer.ok) return;
      taken.splice(taken.indexOf(entry), 1);
      entry.row.replaceChildren(...entry.kept);
      // Taking back an approved change or a word on reports counts as a new text.
      for (const field of entry.row.querySelectorAll("[name=chosen]")) field.value = answer.chosen[0];
      entry.row.focus();
    } catch {
      say(queue.dataset.lost);
    }
  }

  queue.addEventListener("submit", (event) => {
    // A clone of a form keeps no owner; only rows on the queue itself are folded away.
    if (!event.target.matches("[data-decide]") || event.submitter?.value === "undo") return;
    event.preventDefault();
    decide(event.target, event.submitter);
  });

  const acts = {
    j: () => go(1),
    k: () => go(-1),
    u: () => taken.length && undo(taken.at(-1)),
    x: () => current()?.querySelector("[data-tick]")?.click(),
    "?": () => dialog.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || !keysOn.checked) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const act = acts[event.key];
    const button = current()?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!act && !button) return;
    event.preventDefault();
    // Held down: only to go on. Of what comes next nothing has been read.
    if (event.repeat && !"jk".includes(event.key)) return;
    if (act) act();
    else button.click();
  });

  try {
    keysOn.checked = localStorage.getItem(SWITCH) !== "off";
  } catch {
    // Where nothing may be kept, keys are on.
  }
  keysOn.addEventListener("change", () => {
    try {
      localStorage.setItem(SWITCH, keysOn.checked ? "on" : "off");
    } catch {
      // It holds for this page then.
    }
  });
  opener.hidden = false;
  opener.addEventListener("click", () => dialog.showModal());

  const all = queue.querySelector("[data-all]");
  if (all) {
    all.parentElement.hidden = false;
    all.addEventListener("change", () => {
      for (const tick of queue.querySelectorAll("[data-tick]")) tick.checked = all.checked;
    });
  }
})();
