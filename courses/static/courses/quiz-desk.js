/* Shows beneath each question's lines how learners get it, while they are typed. Reads the lines as
   courses/choice_lines.py does; without this they are looked at in the preview of the lesson. */
(() => {
  "use strict";
  const form = document.querySelector(".exam-form");
  if (!form) return;
  const words = form.dataset;

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    Object.assign(element, attributes);
    element.append(...children);
    return element;
  };
  const plain = (text) => text.trim().replaceAll("\\|", "|");

  function read(line, kind) {
    const isRight = kind !== "ordering" && line.startsWith("*");
    const [first, ...rest] = (isRight ? line.slice(1).trimStart() : line).split(/(?<!\\)\|/);
    return {
      text: plain(first.startsWith("\\*") ? first.slice(1) : first),
      said: plain(rest.join("|")),
      isRight,
    };
  }

  function option({ text, said, isRight }, kind) {
    const face = [make("span", { dir: "auto" }, text)];
    if (kind !== "ordering") {
      face.unshift(make("input", { type: kind === "multiple" ? "checkbox" : "radio", disabled: true, checked: isRight, ariaHidden: "true" }));
    }
    const line = make("li", {}, make("span", { className: "exam-option" }, ...face));
    if (isRight) line.append(make("span", { className: "exam-right" }, words.right));
    if (said) line.append(make("span", { className: "exam-said", dir: "auto" }, said));
    return line;
  }

  function body(kind, lines) {
    if (kind === "text") return [make("p", {}, `${words.counts} `, make("span", { dir: "auto" }, lines.join(" · ")))];
    const list = make(kind === "ordering" ? "ol" : "ul", {}, ...lines.map((line) => option(read(line, kind), kind)));
    const note = { multiple: words.several, ordering: words.mixed }[kind];
    return note ? [make("p", { className: "desk-help" }, note), list] : [list];
  }

  for (const question of form.querySelectorAll(".exam-question")) {
    const field = (name) => question.querySelector(`[name$="-${name}"]`);
    const [prompt, kind, answers] = ["prompt", "kind", "answers"].map(field);
    const shown = make("div", { className: "exam-preview", hidden: true });
    const row = answers.closest(".desk-row");
    row.after(shown);
    const help = row.querySelector(".desk-help");
    const helps = { ordering: words.helpOrdering, text: words.helpText };
    const usual = help.textContent;
    const show = () => {
      const lines = answers.value.split(/\r?\n/).map((line) => line.trim().replace(/\s+/g, " ")).filter(Boolean);
      shown.hidden = !lines.length;
      shown.replaceChildren(
        make("p", { className: "exam-preview-title" }, words.title),
        make("p", { className: "exam-asked", dir: "auto" }, prompt.value),
        ...body(kind.value, lines),
      );
      help.textContent = helps[kind.value] ?? usual;
      for (const part of question.querySelectorAll("[data-for-kind]")) part.hidden = part.dataset.forKind !== kind.value;
    };
    for (const each of [prompt, kind, answers]) each.addEventListener("input", show);
    show();
  }
})();
