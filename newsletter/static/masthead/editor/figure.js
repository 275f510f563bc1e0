/* A picture with its caption. The caption is the node's own text, always there to be typed into;
   an empty one is not written out. */

import { Node, Plugin, pm } from "django-prose-editor/editor"
import { ask, askWithin } from "masthead/dialog"
import { insertBlock, within } from "masthead/insert"
import { isImage, uploadImage } from "masthead/upload"
import { make, symbol, word } from "masthead/words"

const altField = () => ({
  label: word("Description for those who cannot see it"),
  help: word("One sentence. Leave it empty only for pure decoration."),
})

const pictureOf = (element) => (element.tagName === "IMG" ? element : element.querySelector("img"))
const fromPicture = (name) => ({
  default: null,
  parseHTML: (element) => pictureOf(element)?.getAttribute(name) ?? null,
})

async function pickImage(editor, { file, position } = {}) {
  const question = {
    title: word("Picture"),
    fields: {
      ...(file ? {} : { file: { label: word("File"), kind: "file", required: true, accept: "image/*" } }),
      alt: altField(),
      caption: { label: word("Caption and credit") },
    },
    submit: word("Upload and insert"),
    act: (values) => uploadImage({ file, ...values }),
  }
  const image = await askWithin(editor, () => ask(question))
  if (!image) return false
  const content = {
    type: "figure",
    attrs: { src: image.src, alt: image.alt, width: image.width, height: image.height },
    content: image.caption ? [{ type: "text", text: image.caption }] : [],
  }
  return insertBlock(editor, content, position)
}

async function describe(editor, position, node) {
  const question = {
    title: word("Picture"),
    fields: { alt: altField() },
    values: node.attrs,
    submit: word("Change"),
    remove: true,
  }
  const values = await askWithin(editor, () => ask(question))
  const chain = within(editor)
  if (values?.removed) chain.deleteRange({ from: position, to: position + node.nodeSize }).run()
  else if (values) chain.command(({ tr }) => tr.setNodeAttribute(position, "alt", values.alt)).run()
  else chain.run()
}

/** Pictures that are dropped or pasted are asked about one after the other. */
async function takeFiles(editor, files, position) {
  for (const file of files) await pickImage(editor, { file, position })
}

export const Picture = Node.create({
  name: "figure",
  group: "block",
  content: "inline*",
  draggable: true,
  isolating: true,
  defining: true,

  addAttributes: () => ({
    src: fromPicture("src"),
    alt: { ...fromPicture("alt"), default: "" },
    width: fromPicture("width"),
    height: fromPicture("height"),
  }),

  parseHTML: () => [
    {
      tag: "figure",
      getAttrs: (element) => (pictureOf(element)?.getAttribute("src") ? null : false),
      contentElement: (element) => element.querySelector("figcaption") ?? make("figcaption"),
    },
    { tag: "img[src]" },
  ],

  renderHTML({ node }) {
    const { src, alt, width, height } = node.attrs
    const picture = ["img", { src, alt: alt ?? "", width, height }]
    return node.content.size ? ["figure", picture, ["figcaption", 0]] : ["figure", picture]
  },

  addNodeView() {
    return ({ node, editor, getPos }) => {
      let current = node
      const picture = make("img", { draggable: "true" })
      const button = make("button", {
        type: "button",
        on: { click: () => describe(editor, getPos(), current) },
      })
      const contentDOM = make("figcaption", { "data-placeholder": word("Caption and credit") })
      const dom = make(
        "figure",
        { class: "desk-figure" },
        make("div", { class: "desk-figure-picture", contenteditable: "false" }, picture, button),
        contentDOM,
      )
      const show = ({ attrs, content }) => {
        for (const key of ["src", "alt", "width", "height"]) {
          if (attrs[key] == null) picture.removeAttribute(key)
          else picture.setAttribute(key, attrs[key])
        }
        button.replaceChildren(
          symbol(attrs.alt ? "description" : "warning"),
          attrs.alt ? word("Description") : word("No description yet"),
        )
        button.title = attrs.alt || word("Say what the picture shows")
        contentDOM.classList.toggle("is-empty", content.size === 0)
      }
      show(node)
      return {
        dom,
        contentDOM,
        update(next) {
          if (next.type !== node.type) return false
          current = next
          show(next)
          return true
        },
        stopEvent: (event) => button.contains(event.target),
        ignoreMutation: (change) => !contentDOM.contains(change.target) || change.type === "attributes",
      }
    }
  },

  addCommands() {
    return {
      insertPicture:
        () =>
        ({ editor, dispatch }) => {
          if (dispatch) pickImage(editor)
          return true
        },
    }
  },

  addKeyboardShortcuts() {
    return {
      "Mod-Alt-i": () => this.editor.commands.insertPicture(),
      /* A caption is one paragraph: Enter goes on below the picture. */
      Enter: () => {
        const { $from, node, from } = this.editor.state.selection
        if (node?.type === this.type) {
          describe(this.editor, from, node)
          return true
        }
        if ($from.parent.type !== this.type) return false
        return this.editor
          .chain()
          .insertContentAt($from.after(), { type: "paragraph" })
          .focus($from.after() + 1)
          .run()
      },
    }
  },

  addProseMirrorPlugins() {
    const editor = this.editor
    const pictures = (transfer) => Array.from(transfer?.files ?? []).filter(isImage)
    return [
      new Plugin({
        key: new pm.state.PluginKey("pictures"),
        props: {
          handlePaste(_view, event) {
            const files = pictures(event.clipboardData)
            if (!files.length) return false
            takeFiles(editor, files)
            return true
          },
          handleDrop(view, event, _slice, moved) {
            const files = moved ? [] : pictures(event.dataTransfer)
            if (!files.length) return false
            event.preventDefault()
            const { pos } = view.posAtCoords({ left: event.clientX, top: event.clientY }) ?? {}
            takeFiles(editor, files, pos)
            return true
          },
        },
      }),
    ]
  },
})
