/* A file that the text offers: uploaded once, its words can be changed afterwards. */

import { ask } from "masthead/dialog"
import { uploadFile } from "masthead/upload"
import { make, symbol, word } from "masthead/words"
import { attribute, linkIn, written } from "masthead/written"

const labelField = () => ({
  label: word("Words for the file"),
  help: word("What readers see and click on. Left empty, the name of the file stands there."),
})

/** What readers click on: the words given, else the file's own name without its ending. */
const labelOf = (file, label) => label || file.name.replace(/\.[^.]+$/, "").replace(/[-_]+/g, " ")

const kindOf = (href) => (/\.([a-z0-9]+)$/i.exec(href)?.[1] ?? word("File")).toUpperCase()

export const OfferedFile = written({
  name: "offeredFile",
  parseHTML: () => [{ tag: "p[data-file]", priority: 70 }],
  addAttributes: () => ({
    href: attribute((element) => linkIn(element)?.getAttribute("href") ?? ""),
    label: attribute((element) => element.textContent.trim()),
    size: attribute((element) => element.dataset.file),
  }),
  renderHTML: ({ node: { attrs } }) => ["p", { "data-file": attrs.size }, ["a", { href: attrs.href }, attrs.label]],
  async edit(attrs, exists) {
    if (!exists) {
      return ask({
        title: word("File"),
        fields: { file: { label: word("File"), kind: "file", required: true }, label: labelField() },
        submit: word("Upload and insert"),
        act: async ({ file, label }) => ({ ...(await uploadFile(file)), label: labelOf(file, label) }),
      })
    }
    const values = await ask({
      title: word("File"),
      fields: { label: labelField() },
      values: attrs,
      submit: word("Change"),
      remove: true,
    })
    if (!values || values.removed) return values
    return { ...attrs, label: values.label || attrs.label }
  },
  view: ({ attrs }) =>
    make(
      "p",
      { class: "desk-file", contenteditable: "false", "data-file": attrs.size, title: word("Click or press Enter to change") },
      make("strong", {}, attrs.label),
      make("span", {}, symbol("attach_file"), kindOf(attrs.href)),
    ),
})
