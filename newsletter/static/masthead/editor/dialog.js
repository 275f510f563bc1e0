/* One small form in a native dialog. Resolves to the values, or to null when put away. */

import { make, word } from "masthead/words"

let number = 0

function field(name, spec, value) {
  const id = `desk-dialog-${++number}`
  const common = {
    id,
    name,
    required: spec.required,
    "aria-describedby": spec.help ? `${id}-help` : false,
  }
  let input
  if (spec.kind === "textarea") {
    input = make("textarea", { ...common, rows: 4 })
    input.value = value ?? ""
  } else if (spec.kind === "checkbox") {
    input = make("input", { ...common, type: "checkbox" })
    input.checked = Boolean(value)
  } else {
    input = make("input", {
      ...common,
      type: spec.kind || "text",
      accept: spec.accept,
      min: spec.min,
      max: spec.max,
      inputmode: spec.inputmode,
      autocomplete: "off",
    })
    if (spec.kind !== "file") input.value = value ?? ""
  }
  if (spec.check) {
    input.addEventListener("input", () => input.setCustomValidity(""))
  }
  const help = spec.help ? [make("p", { class: "desk-help", id: `${id}-help` }, spec.help)] : []
  return {
    input,
    row: make(
      "div",
      { class: `desk-row${spec.kind === "checkbox" ? " desk-row-check" : ""}` },
      make("label", { for: id }, spec.label),
      input,
      ...help,
    ),
  }
}

const read = (input) =>
  input.type === "file" ? input.files[0] : input.type === "checkbox" ? input.checked : input.value.trim()

/**
 * Ask for `fields` ({name: {label, kind, required, help, check}}). `act` may do the work while the
 * dialog is open (an upload): what it returns is the answer, and an Error it throws is shown.
 */
export function ask({ title, fields, values = {}, submit, remove, act }) {
  return new Promise((resolve) => {
    const rows = Object.entries(fields).map(([name, spec]) => [name, spec, field(name, spec, values[name])])
    const problem = make("p", { class: "desk-problem", role: "alert", hidden: true })
    const go = make("button", { type: "submit", class: "desk-button desk-button-main" }, submit)
    const away = make("button", { type: "button", class: "desk-button" }, word("Cancel"))
    const drop = remove
      ? make("button", { type: "button", class: "desk-button desk-button-bad" }, word("Remove"))
      : null
    const form = make(
      "form",
      { method: "dialog", class: "desk-dialog-form", novalidate: false },
      make("h2", { id: `desk-dialog-title-${++number}` }, title),
      ...rows.map(([, , { row }]) => row),
      problem,
      make("div", { class: "desk-dialog-buttons" }, ...(drop ? [drop] : []), away, go),
    )
    const dialog = make(
      "dialog",
      { class: "desk-dialog", "aria-labelledby": `desk-dialog-title-${number}` },
      form,
    )
    /* The answer is given at once: the event of the closing comes later, and what is typed until
       then would go wherever the browser has put the focus. */
    const end = (answer) => {
      dialog.close()
      dialog.remove()
      resolve(answer)
    }

    away.addEventListener("click", () => end(null))
    drop?.addEventListener("click", () => end({ removed: true }))
    form.addEventListener("submit", async (event) => {
      event.preventDefault()
      event.stopPropagation()
      for (const [, spec, { input }] of rows) {
        const complaint = spec.check?.(read(input))
        if (complaint) {
          input.setCustomValidity(complaint)
          input.reportValidity()
          return
        }
      }
      const given = Object.fromEntries(rows.map(([name, , { input }]) => [name, read(input)]))
      if (!act) {
        end(given)
        return
      }
      go.disabled = true
      problem.hidden = true
      try {
        end(await act(given))
      } catch (error) {
        problem.textContent = error.message
        problem.hidden = false
        go.disabled = false
      }
    })
    dialog.addEventListener("cancel", (event) => {
      // A file picker that is put away tells it too, and its event comes up to here.
      if (event.target !== dialog) return
      event.preventDefault()
      end(null)
    })
    // Where the browser closes it unasked (a second Escape).
    dialog.addEventListener("close", () => end(null))
    document.body.append(dialog)
    dialog.showModal()
    rows[0]?.[2].input.select?.()
  })
}

/**
 * Ask from within a text. Browsers give the focus back with the cursor at the text's beginning, and
 * the editor would take that for the author's wish: the place is kept here.
 */
export async function askWithin(editor, asking) {
  const place = editor.state.selection.getBookmark()
  const answer = await asking()
  const { state, view } = editor
  view.dispatch(state.tr.setSelection(place.resolve(state.doc)))
  view.focus()
  return answer
}

/** A complaint, or nothing, about an address that a link is to lead to. */
export function checkAddress(address) {
  if (!address) return word("Enter the address that it leads to.")
  if (/^(https?:\/\/[^\s/]+|mailto:[^\s@]+@|\/|#)/i.test(address)) return ""
  return word("Start with https://, with / for a page of this site, or with mailto:.")
}

/** `example.com/page` means https; an address means mailto. */
export function completeAddress(address) {
  if (/^[a-z][a-z0-9+.-]*:|^[/#]/i.test(address)) return address
  if (/^[^\s/@]+@[^\s/@]+\.[a-z]+$/i.test(address)) return `mailto:${address}`
  return /^[^\s/]+\.[a-z]{2,}/i.test(address) ? `https://${address}` : address
}
