/* Nodes without a text of their own: a dialog writes them, and a click or Enter opens it again. */

import { Node } from "django-prose-editor/editor"
import { askWithin } from "masthead/dialog"
import { insertBlock, within } from "masthead/insert"

export function written({ name, inline = false, edit, view, ...spec }) {
  const open = async (editor, position, node) => {
    const values = await askWithin(editor, () => edit(node?.attrs ?? {}, Boolean(node)))
    if (values?.removed) {
      within(editor).deleteRange({ from: position, to: position + node.nodeSize }).run()
    } else if (values && node) {
      within(editor)
        .command(({ tr }) => tr.setNodeMarkup(position, undefined, values))
        .focus(position + node.nodeSize)
        .run()
    } else if (values && inline) {
      within(editor).insertContent({ type: name, attrs: values }).run()
    } else if (values) {
      insertBlock(editor, { type: name, attrs: values })
    }
  }
  return Node.create({
    ...spec,
    name,
    inline,
    group: inline ? "inline" : "block",
    atom: true,
    draggable: true,
    addNodeView() {
      return ({ node, editor, getPos }) => {
        let current = node
        const dom = view(node)
        const change = () => open(editor, getPos(), current)
        dom.addEventListener("click", (event) => {
          event.preventDefault()
          if (editor.isEditable) change()
        })
        return {
          dom,
          ignoreMutation: () => true,
          update(next) {
            if (next.type !== node.type) return false
            current = next
            dom.replaceChildren(...view(next).childNodes)
            for (const { name: key, value } of view(next).attributes) {
              if (key !== "class") dom.setAttribute(key, value)
            }
            return true
          },
        }
      }
    },
    addCommands() {
      const command = `insert${name[0].toUpperCase()}${name.slice(1)}`
      return {
        [command]:
          () =>
          ({ editor, dispatch }) => {
            if (dispatch) open(editor)
            return true
          },
      }
    },
    addKeyboardShortcuts() {
      return {
        Enter: () => {
          const { node, from } = this.editor.state.selection
          if (node?.type !== this.type) return false
          open(this.editor, from, node)
          return true
        },
        ...(spec.key ? { [spec.key]: () => this.editor.commands[`insert${name[0].toUpperCase()}${name.slice(1)}`]() } : {}),
      }
    },
  })
}

export const attribute = (find) => ({ default: "", parseHTML: find, rendered: false })
export const linkIn = (element) => element.querySelector("a")
