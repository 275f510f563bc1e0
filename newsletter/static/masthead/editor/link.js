/* Links: the library's mark with a dialog of our own. */

import { Link as LibraryLink } from "django-prose-editor/editor"
import { ask, askWithin, checkAddress, completeAddress } from "masthead/dialog"
import { within } from "masthead/insert"
import { word } from "masthead/words"

async function editLink(editor) {
  const exists = editor.isActive("link")
  if (exists) editor.commands.extendMarkRange("link")
  const { from, to, empty } = editor.state.selection
  const selected = editor.state.doc.textBetween(from, to)
  const fields = {
    href: {
      label: word("Address"),
      required: true,
      inputmode: "url",
      check: (value) => checkAddress(completeAddress(value)),
    },
  }
  if (empty) fields.text = { label: word("Words to click on"), required: true }
  const question = {
    title: word("Link"),
    fields,
    values: { href: editor.getAttributes("link").href, text: selected },
    submit: exists ? word("Change") : word("Insert"),
    remove: exists,
  }
  const values = await askWithin(editor, () => ask(question))
  const chain = within(editor)
  if (values?.removed) chain.unsetLink().run()
  else if (values) {
    const href = completeAddress(values.href)
    if (empty) {
      chain
        .insertContent([{ type: "text", text: values.text, marks: [{ type: "link", attrs: { href } }] }])
        .unsetMark("link")
        .run()
    } else chain.setMark("link", { href }).run()
  } else chain.run()
}

export const Link = LibraryLink.extend({
  addCommands() {
    return {
      ...this.parent?.(),
      editLink:
        () =>
        ({ editor, dispatch }) => {
          if (dispatch) editLink(editor)
          return true
        },
    }
  },
  addKeyboardShortcuts() {
    return { "Mod-k": () => this.editor.commands.editLink() }
  },
})
