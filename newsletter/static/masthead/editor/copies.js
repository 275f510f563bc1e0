/* What is not on the server yet is kept here, so that a crash, a closed tab or a lost connection
   loses nothing. One copy for each article, lesson or course. */

import { make, word } from "masthead/words"

const key = (form) => `masthead.${form.dataset.kind || "article"}.${form.dataset.pk || "new"}`

/** The sentence under the title, whatever it is called where this is written. */
export const standfirst = (form) => form.elements.dek ?? form.elements.summary ?? form.elements.promise

export function keepCopy(form, { title, dek, body }) {
  try {
    localStorage.setItem(
      key(form),
      JSON.stringify({ title, dek, body, version: form.elements.version.value, at: new Date().toISOString() }),
    )
  } catch {
    /* Storage may be full or switched off; the text is still on the page. */
  }
}

export function dropCopy(form) {
  try {
    localStorage.removeItem(key(form))
  } catch {
    /* Nothing was kept, then. */
  }
}

const squeezed = (html) => html.replace(/\s+/g, " ").trim()

/** After opening: does this browser hold something newer than what the server showed? */
export function offerCopy(form, body, current) {
  let copy
  try {
    copy = JSON.parse(localStorage.getItem(key(form)) || "null")
  } catch {
    return
  }
  if (!copy) return
  const same = ["title", "dek", "body"].every((name) => squeezed(copy[name] ?? "") === squeezed(current[name]))
  if (same || !(copy.title || copy.body)) {
    dropCopy(form)
    return
  }
  const notice = document.getElementById("desk-kept")
  const when = new Date(copy.at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" })
  const restore = make("button", { type: "button", class: "desk-button desk-button-main" }, word("Bring it back"))
  const forget = make("button", { type: "button", class: "desk-button" }, word("Throw it away"))
  const done = () => {
    notice.hidden = true
    notice.replaceChildren()
  }
  restore.addEventListener("click", () => {
    form.elements.title.value = copy.title
    standfirst(form).value = copy.dek
    if (body.proseEditor) body.proseEditor.commands.setContent(copy.body, { emitUpdate: true })
    else body.value = copy.body
    for (const field of [form.elements.title, standfirst(form)]) field.dispatchEvent(new Event("input", { bubbles: true }))
    done()
  })
  forget.addEventListener("click", () => {
    dropCopy(form)
    done()
  })
  const older = Number(copy.version) !== Number(form.elements.version.value)
  notice.replaceChildren(
    make("p", {}, word("This browser holds a text of %s that was not saved.").replace("%s", when)),
    ...(older ? [make("p", {}, word("It has been saved by someone since. Nothing is stored until you save."))] : []),
    make("div", { class: "desk-notice-buttons" }, restore, forget),
  )
  notice.hidden = false
}
