/* Putting a block into the text so that the author can write on below it. */

import { pm } from "django-prose-editor/editor"

const { TextSelection } = pm.state

/**
 * The library's chain of commands, with the text in focus from this moment on. Its own `focus()`
 * waits for the next frame, and what is typed until then would go to the button that was pressed.
 */
export function within(editor) {
  editor.view.focus()
  return editor.chain().scrollIntoView()
}

/** Leave the cursor in the paragraph after `at`; make one where there is none. */
export function goOnAfter(tr, at) {
  const next = tr.doc.resolve(at).nodeAfter
  if (!next?.isTextblock) tr.insert(at, tr.doc.type.schema.nodes.paragraph.create())
  tr.setSelection(TextSelection.create(tr.doc, at + 1)).scrollIntoView()
}

/** Insert `json` below the block with the cursor (or at `position`). An empty paragraph gives way. */
export function insertBlock(editor, json, position) {
  return within(editor)
    .command(({ tr, state }) => {
      const node = state.schema.nodeFromJSON(json)
      const { $from, to } = position === undefined ? tr.selection : { $from: tr.doc.resolve(position), to: position }
      if ($from.depth && $from.parent.type.name === "paragraph" && !$from.parent.content.size) {
        tr.replaceWith($from.before(), $from.after(), node)
        goOnAfter(tr, $from.before() + node.nodeSize)
      } else {
        const at = $from.parent.isTextblock ? $from.after() : to
        tr.insert(at, node)
        goOnAfter(tr, at + node.nodeSize)
      }
      return true
    })
    .run()
}
