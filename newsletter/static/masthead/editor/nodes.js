/* The editor's own nodes. What each writes is exactly what the sanitiser in
   newsletter/articles/editor.py lets through; a browser test loads and saves every one of them. */

import { Document as BaseDocument, Node, Plugin } from "django-prose-editor/editor"
import { ask, checkAddress, completeAddress } from "masthead/dialog"
import { goOnAfter, within } from "masthead/insert"
import { make, symbol, word } from "masthead/words"
import { attribute, linkIn, written } from "masthead/written"

export { Picture } from "masthead/figure"
export { OfferedFile } from "masthead/file"

/* Paywall and sections stand only at the top level: the schema itself forbids anything else. A text
   that goes whole to everybody has neither (`sections: false`), and a schema may not name a group
   that nothing is in. */
export const Document = BaseDocument.extend({
  addOptions: () => ({ sections: true }),
  content() {
    return this.options.sections ? "(block | outer)+" : "block+"
  },
})

/** Where a new top-level block goes: after the block that the cursor is in. */
const afterTopBlock = ({ $to }) => ($to.depth ? $to.after(1) : $to.pos)

export const Paywall = Node.create({
  name: "paywall",
  group: "outer",
  atom: true,
  draggable: true,

  parseHTML: () => [{ tag: "hr[data-paywall]", priority: 60 }],
  renderHTML: () => ["hr", { "data-paywall": "" }],

  addNodeView() {
    return () => ({
      dom: make(
        "div",
        { class: "desk-paywall", contenteditable: "false", "data-paywall": "" },
        make("span", {}, symbol("lock"), word("Paywall: readers without access stop here")),
      ),
    })
  },

  addCommands() {
    return {
      placePaywall:
        () =>
        ({ tr, state, dispatch }) => {
          if (!dispatch) return true
          const old = []
          state.doc.forEach((node, offset) => {
            if (node.type === this.type) old.push([offset, offset + node.nodeSize])
          })
          const at = afterTopBlock(state.selection)
          tr.insert(at, this.type.create())
          for (const [from, to] of old.reverse()) tr.delete(tr.mapping.map(from), tr.mapping.map(to, -1))
          const placed = tr.doc.resolve(tr.mapping.map(at, -1))
          if (placed.nodeAfter?.type === this.type) goOnAfter(tr, placed.pos + 1)
          return true
        },
    }
  },

  addKeyboardShortcuts() {
    return { "Mod-Alt-p": () => this.editor.commands.placePaywall() }
  },

  addProseMirrorPlugins() {
    const type = this.type
    return [
      new Plugin({
        /* A text has one divider. The first stays; a pasted second goes. */
        appendTransaction(_transactions, _before, state) {
          const extra = []
          let seen = false
          state.doc.forEach((node, offset) => {
            if (node.type !== type) return
            if (seen) extra.push([offset, offset + node.nodeSize])
            seen = true
          })
          if (!extra.length) return null
          const tr = state.tr
          for (const [from, to] of extra.reverse()) tr.delete(from, to)
          return tr
        },
      }),
    ]
  },
})

export const audiences = () => [
  ["members", word("Members only")],
  ["email", word("In the mail only")],
  ["web", word("On the web only")],
]

export const Audience = Node.create({
  name: "audience",
  group: "outer",
  content: "block+",
  defining: true,
  isolating: true,

  addAttributes: () => ({
    audience: {
      default: "members",
      parseHTML: (element) => element.dataset.audience,
      renderHTML: ({ audience }) => ({ "data-audience": audience }),
    },
  }),
  parseHTML: () => [
    { tag: "section[data-audience=members], section[data-audience=email], section[data-audience=web]" },
  ],
  renderHTML: ({ HTMLAttributes }) => ["section", HTMLAttributes, 0],

  addNodeView() {
    return ({ node, editor, getPos }) => {
      const choice = make("select", {
        "aria-label": word("Who sees this section"),
        on: {
          change: () =>
            within(editor)
              .command(({ tr }) => tr.setNodeAttribute(getPos(), "audience", choice.value))
              .run(),
        },
      })
      for (const [value, label] of audiences()) choice.append(make("option", { value }, label))
      const undo = make(
        "button",
        {
          type: "button",
          on: { click: () => within(editor).focus(getPos() + 2).unwrapAudience().run() },
        },
        word("Show to everyone"),
      )
      const contentDOM = make("div", { class: "desk-audience-text" })
      const dom = make(
        "section",
        { class: "desk-audience" },
        make("div", { class: "desk-audience-head", contenteditable: "false" }, choice, undo),
        contentDOM,
      )
      const show = ({ attrs }) => {
        dom.dataset.audience = attrs.audience
        choice.value = attrs.audience
      }
      show(node)
      return {
        dom,
        contentDOM,
        update: (next) => next.type === node.type && (show(next), true),
        stopEvent: (event) => !contentDOM.contains(event.target) && dom.contains(event.target),
        ignoreMutation: (change) => !contentDOM.contains(change.target),
      }
    }
  },

  addCommands() {
    return {
      setAudience:
        (audience) =>
        ({ tr, state, dispatch }) => {
          const { $from, $to } = state.selection
          for (let depth = $from.depth; depth > 0; depth--) {
            if ($from.node(depth).type !== this.type) continue
            if (dispatch) tr.setNodeAttribute($from.before(depth), "audience", audience)
            return true
          }
          const range = $from.blockRange($to, (node) => node.type.name === "doc")
          if (!range) return false
          for (let at = range.startIndex; at < range.endIndex; at++) {
            if (!state.doc.child(at).type.isInGroup("block")) return false
          }
          if (dispatch) tr.wrap(range, [{ type: this.type, attrs: { audience } }])
          return true
        },
      unwrapAudience:
        () =>
        ({ tr, state, dispatch }) => {
          const { $from } = state.selection
          for (let depth = $from.depth; depth > 0; depth--) {
            const node = $from.node(depth)
            if (node.type !== this.type) continue
            if (dispatch) tr.replaceWith($from.before(depth), $from.after(depth), node.content)
            return true
          }
          return false
        },
    }
  },

  addKeyboardShortcuts() {
    return { "Mod-Alt-m": () => this.editor.commands.setAudience("members") }
  },
})

export const PullQuote = Node.create({
  name: "pullQuote",
  group: "block",
  content: "block+",
  defining: true,

  parseHTML: () => [{ tag: "blockquote[data-pull]", priority: 60 }],
  renderHTML: () => ["blockquote", { "data-pull": "" }, 0],
  addCommands() {
    return { togglePullQuote: () => ({ commands }) => commands.toggleWrap(this.name) }
  },
  addKeyboardShortcuts() {
    return { "Mod-Alt-q": () => this.editor.commands.togglePullQuote() }
  },
})

const host = (address) => {
  try {
    return new URL(address, document.baseURI).host.replace(/^www\./, "")
  } catch {
    return address
  }
}

const addressField = () => ({
  label: word("Address"),
  required: true,
  inputmode: "url",
  check: (value) => checkAddress(completeAddress(value)),
})

export const Embed = written({
  name: "embed",
  parseHTML: () => [{ tag: "figure[data-embed]", priority: 70 }],
  addAttributes: () => ({
    href: attribute((element) => linkIn(element)?.getAttribute("href") ?? ""),
    title: attribute((element) => element.textContent.trim()),
  }),
  renderHTML: ({ node: { attrs } }) => [
    "figure",
    { "data-embed": "" },
    ["a", { href: attrs.href }, attrs.title || attrs.href],
  ],
  async edit(attrs, exists) {
    const values = await ask({
      title: word("Link card"),
      fields: {
        href: addressField(),
        title: { label: word("Title"), required: true, help: word("What readers see and click on.") },
      },
      values: attrs,
      submit: exists ? word("Change") : word("Insert"),
      remove: exists,
    })
    return values?.href ? { ...values, href: completeAddress(values.href) } : values
  },
  view: ({ attrs }) =>
    make(
      "figure",
      { class: "desk-embed", contenteditable: "false", "data-embed": "", title: word("Click or press Enter to change") },
      make("strong", {}, attrs.title || attrs.href),
      make("span", {}, symbol("link"), host(attrs.href)),
    ),
})

export const ActionButton = written({
  name: "actionButton",
  parseHTML: () => [{ tag: "p[data-button]", priority: 70 }],
  addAttributes: () => ({
    href: attribute((element) => linkIn(element)?.getAttribute("href") ?? ""),
    label: attribute((element) => element.textContent.trim()),
  }),
  renderHTML: ({ node: { attrs } }) => [
    "p",
    { "data-button": "" },
    ["a", { href: attrs.href }, attrs.label || attrs.href],
  ],
  async edit(attrs, exists) {
    const values = await ask({
      title: word("Button"),
      fields: {
        label: { label: word("Words on the button"), required: true, help: word("Say what happens: “Read the guide”.") },
        href: addressField(),
      },
      values: attrs,
      submit: exists ? word("Change") : word("Insert"),
      remove: exists,
    })
    return values?.href ? { ...values, href: completeAddress(values.href) } : values
  },
  view: ({ attrs }) =>
    make(
      "p",
      { class: "desk-action", contenteditable: "false", "data-button": "", title: word("Click or press Enter to change") },
      make("span", { class: "desk-action-face" }, attrs.label),
      make("span", { class: "desk-action-host" }, host(attrs.href)),
    ),
})

export const Footnote = written({
  name: "footnote",
  inline: true,
  key: "Mod-Alt-f",
  parseHTML: () => [{ tag: "span[data-footnote]", priority: 70 }],
  addAttributes: () => ({ text: attribute((element) => element.textContent.trim()) }),
  renderHTML: ({ node: { attrs } }) => ["span", { "data-footnote": "" }, attrs.text],
  renderText: ({ node: { attrs } }) => ` [${attrs.text}]`,
  edit: (attrs, exists) =>
    ask({
      title: word("Footnote"),
      fields: { text: { label: word("Note"), kind: "textarea", required: true } },
      values: attrs,
      submit: exists ? word("Change") : word("Insert"),
      remove: exists,
    }),
  view: ({ attrs }) =>
    make("span", { class: "desk-footnote", contenteditable: "false", "data-footnote": "", title: attrs.text }),
})
