/* The text: the toolbar is put before the editor that the library makes of the textarea. */

import "django-prose-editor/configurable"
import { makeToolbar } from "masthead/toolbar"
import { word } from "masthead/words"

document.addEventListener("prose-editor:ready", ({ detail: { editor, textarea } }) => {
  editor.setOptions({
    editorProps: {
      attributes: {
        id: `${textarea.id}_text`,
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": textarea.dataset.label || word("Text"),
        class: "desk-text",
        spellcheck: "true",
      },
    },
  })
  textarea.closest(".prose-editor").prepend(makeToolbar(editor, `${textarea.id}_text`, textarea.dataset.label))
  textarea.closest("form")?.classList.add("has-editor")
  // For what else is on the page (and for tests): the editor of this textarea.
  textarea.proseEditor = editor
})
