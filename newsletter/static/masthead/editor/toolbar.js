/* The toolbar: one tab stop, arrow keys inside, a menu for what is inserted rarely. Alt+F10 comes
   here from the text and Escape goes back. */

import { within } from "masthead/insert"
import { make, symbol, word } from "masthead/words"

const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
export const keys = (combination) =>
  combination
    .replace("Mod", isMac ? "⌘" : "Ctrl")
    .replace("Alt", isMac ? "⌥" : "Alt")
    .replace("Shift", isMac ? "⇧" : "Shift")
    .split("-")
    .map((part) => part.toUpperCase() === part || part.length > 1 ? part : part.toUpperCase())
    .join(isMac ? "" : "+")

const marks = () => [
  { name: "bold", icon: "format_bold", label: word("Bold"), key: "Mod-b", run: (c) => c.toggleBold() },
  { name: "italic", icon: "format_italic", label: word("Italic"), key: "Mod-i", run: (c) => c.toggleItalic() },
  { name: "strike", hidden: true, icon: "format_strikethrough", label: word("Struck out"), key: "Mod-Shift-s", run: (c) => c.toggleStrike() },
  { name: "code", hidden: true, icon: "code", label: word("Code in a line"), key: "Mod-e", run: (c) => c.toggleCode() },
  { name: "link", icon: "link", label: word("Link"), key: "Mod-k", run: (c) => c.editLink() },
]
const blocks = () => [
  { name: "bulletList", icon: "format_list_bulleted", label: word("Bulleted list"), key: "Mod-Shift-8", run: (c) => c.toggleBulletList() },
  { name: "orderedList", icon: "format_list_numbered", label: word("Numbered list"), key: "Mod-Shift-7", run: (c) => c.toggleOrderedList() },
  { name: "blockquote", icon: "format_quote", label: word("Quotation"), key: "Mod-Shift-b", run: (c) => c.toggleBlockquote() },
]
const frequent = () => [
  { name: "figure", icon: "add_photo_alternate", label: word("Picture"), key: "Mod-Alt-i", run: (c) => c.insertPicture() },
  { name: "footnote", icon: "superscript", label: word("Footnote"), key: "Mod-Alt-f", run: (c) => c.insertFootnote() },
  { name: "paywall", icon: "lock", label: word("Paywall"), key: "Mod-Alt-p", run: (c) => c.placePaywall() },
]
const history = () => [
  { name: "undo", icon: "undo", label: word("Undo"), key: "Mod-z", run: (c) => c.undo(), plain: true },
  { name: "redo", icon: "redo", label: word("Redo"), key: "Mod-Shift-z", run: (c) => c.redo(), plain: true },
]
export const insertions = () => [
  { name: "pullQuote", icon: "format_quote", label: word("Pull quote"), hint: word("A sentence set large"), key: "Mod-Alt-q", run: (c) => c.togglePullQuote() },
  { name: "embed", icon: "web_asset", label: word("Link card"), hint: word("A page, video or book by its address"), run: (c) => c.insertEmbed() },
  { name: "actionButton", icon: "ads_click", label: word("Button"), hint: word("One thing to do"), run: (c) => c.insertActionButton() },
  { name: "offeredFile", icon: "attach_file", label: word("File"), hint: word("A PDF, a recording, a book to take along"), run: (c) => c.insertOfferedFile() },
  { name: "table", icon: "table", label: word("Table"), hint: word("Three by three, with a heading row"), run: (c) => c.insertTable({ rows: 3, cols: 3, withHeaderRow: true }) },
  { name: "code", icon: "code", label: word("Code in a line"), hint: word("The chosen words, as typed"), key: "Mod-e", run: (c) => c.toggleCode() },
  { name: "codeBlock", icon: "terminal", label: word("Code block"), hint: word("Lines of code, as typed"), key: "Mod-Alt-c", run: (c) => c.toggleCodeBlock() },
  { name: "horizontalRule", icon: "horizontal_rule", label: word("Rule"), hint: word("A pause between two parts"), run: (c) => c.setHorizontalRule() },
  { name: "members", icon: "group", label: word("Section for members only"), hint: word("Signed-in readers see it"), key: "Mod-Alt-m", run: (c) => c.setAudience("members") },
  { name: "email", icon: "mail", label: word("Section in the mail only"), hint: word("The web page leaves it out"), run: (c) => c.setAudience("email") },
  { name: "web", icon: "public", label: word("Section on the web only"), hint: word("The mail leaves it out"), run: (c) => c.setAudience("web") },
]
const tableTools = () => [
  { name: "rowBefore", icon: "add_row_above", label: word("Row above"), run: (c) => c.addRowBefore() },
  { name: "rowAfter", icon: "add_row_below", label: word("Row below"), run: (c) => c.addRowAfter() },
  { name: "columnBefore", icon: "add_column_left", label: word("Column before"), run: (c) => c.addColumnBefore() },
  { name: "columnAfter", icon: "add_column_right", label: word("Column after"), run: (c) => c.addColumnAfter() },
  { name: "headerRow", icon: "table_rows", label: word("Heading row"), run: (c) => c.toggleHeaderRow() },
  { name: "deleteRow", label: word("Delete row"), run: (c) => c.deleteRow() },
  { name: "deleteColumn", label: word("Delete column"), run: (c) => c.deleteColumn() },
  { name: "deleteTable", label: word("Delete table"), run: (c) => c.deleteTable() },
]

/* What a text may hold depends on the field; the bar offers nothing else. */
const NODE_OF = { members: "audience", email: "audience", web: "audience" }
function isKnown(editor, { name, plain }) {
  const { nodes, marks } = editor.schema
  const node = NODE_OF[name] || name
  return plain || node in nodes || node in marks
}

function button(editor, item) {
  const shortcut = item.key ? ` (${keys(item.key)})` : ""
  const element = make(
    "button",
    {
      type: "button",
      class: item.icon ? "desk-tool" : "desk-tool desk-tool-words",
      title: `${item.label}${shortcut}`,
      "aria-label": item.label,
      "aria-keyshortcuts": item.key ? item.key.replace("Mod", isMac ? "Meta" : "Control").replaceAll("-", "+") : false,
      "data-tool": item.name,
      tabindex: "-1",
      on: { click: () => item.run(within(editor)).run() },
    },
    item.icon ? symbol(item.icon) : item.label,
  )
  const toggles = !item.plain && ["bold", "italic", "link", "bulletList", "orderedList", "blockquote"].includes(item.name)
  editor.on("transaction", () => {
    if (toggles) element.setAttribute("aria-pressed", editor.isActive(item.name))
    if (item.plain) element.toggleAttribute("aria-disabled", !editor.can()[item.name]())
  })
  if (toggles) element.setAttribute("aria-pressed", "false")
  return element
}

function blockChoice(editor) {
  const choice = make("select", { class: "desk-tool-choice", "aria-label": word("Kind of paragraph"), "data-tool": "block", tabindex: "-1" })
  const kinds = [
    ["paragraph", word("Text"), (c) => c.setParagraph(), () => true],
    ["h2", word("Heading"), (c) => c.setHeading({ level: 2 }), () => editor.isActive("heading", { level: 2 })],
    ["h3", word("Subheading"), (c) => c.setHeading({ level: 3 }), () => editor.isActive("heading", { level: 3 })],
  ]
  for (const [value, label] of kinds) choice.append(make("option", { value }, label))
  choice.addEventListener("change", () => {
    kinds.find(([value]) => value === choice.value)[2](within(editor)).run()
  })
  editor.on("transaction", () => {
    choice.value = kinds.findLast(([, , , active]) => active())[0]
  })
  return choice
}

function insertMenu(editor, text) {
  const id = `${text}_insert`
  const opener = make(
    "button",
    { type: "button", class: "desk-tool desk-tool-words", "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id, "data-tool": "insert", tabindex: "-1" },
    symbol("add"),
    word("Insert"),
  )
  const items = insertions().filter((item) => isKnown(editor, item)).map((item) =>
    make(
      "button",
      {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        "data-insert": item.name,
        on: {
          click: () => {
            close()
            item.run(within(editor)).run()
          },
        },
      },
      symbol(item.icon),
      make("span", {}, make("strong", {}, item.label), make("small", {}, item.hint)),
      ...(item.key ? [make("kbd", {}, keys(item.key))] : []),
    ),
  )
  const menu = make("div", { id, role: "menu", class: "desk-menu", "aria-label": word("Insert"), hidden: true }, ...items)
  const outside = (event) => {
    if (!menu.contains(event.target) && !opener.contains(event.target)) close()
  }
  function close(focus = false) {
    menu.hidden = true
    opener.setAttribute("aria-expanded", "false")
    document.removeEventListener("pointerdown", outside)
    if (focus) opener.focus()
  }
  opener.addEventListener("click", () => {
    if (!menu.hidden) return close()
    menu.hidden = false
    opener.setAttribute("aria-expanded", "true")
    document.addEventListener("pointerdown", outside)
    items[0].focus()
  })
  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key]
    if (to !== undefined) items.at(to % items.length).focus()
    else if (event.key === "Escape") close(true)
    else if (event.key === "Tab") return close()
    else return
    event.preventDefault()
    event.stopPropagation()
  })
  return make("div", { class: "desk-menu-holder" }, opener, menu)
}

/** One tab stop for the whole bar; the arrow keys move inside it. */
function roving(bar, editor) {
  const tools = () => [...bar.querySelectorAll("[data-tool]")].filter((tool) => tool.offsetParent)
  const all = bar.querySelectorAll("[data-tool]")
  all[0].tabIndex = 0
  bar.addEventListener("keydown", (event) => {
    if (event.target.closest("[role=menu]")) return
    if (event.key === "Escape") return within(editor).run()
    const list = tools()
    const at = list.indexOf(document.activeElement)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: list.length - 1 }[event.key]
    if (to === undefined) return undefined
    event.preventDefault()
    list.at(to % list.length).focus()
    return undefined
  })
  bar.addEventListener("focusin", (event) => {
    const tool = event.target.closest("[data-tool]")
    if (!tool) return
    for (const other of all) other.tabIndex = other === tool ? 0 : -1
  })
}

function keyList() {
  const listed = [...marks(), ...blocks(), ...frequent(), ...insertions(), ...history()].filter(
    ({ key, name }, at, all) => key && all.findIndex((other) => other.name === name) === at,
  )
  const more = [
    [word("Heading"), "Mod-Alt-2"],
    [word("Subheading"), "Mod-Alt-3"],
    [word("Preview"), "Mod-Alt-v"],
    [word("Save"), "Mod-s"],
    [word("To the toolbar"), "Alt-F10"],
    [word("Back to the text"), "Escape"],
  ]
  const rows = [...listed.map(({ label, key }) => [label, key]), ...more].map(([label, key]) =>
    make("div", {}, make("dt", {}, label), make("dd", {}, make("kbd", {}, keys(key)))),
  )
  const close = make("button", { type: "button", class: "desk-button desk-button-main" }, word("Close"))
  const dialog = make(
    "dialog",
    { class: "desk-dialog desk-dialog-wide", "aria-labelledby": "desk-keys-title" },
    make("h2", { id: "desk-keys-title" }, word("Keyboard")),
    make("dl", { class: "desk-keys" }, ...rows),
    make("p", { class: "desk-help" }, word("Typing ## makes a heading, - a list, > a quotation and ``` a code block.")),
    make("div", { class: "desk-dialog-buttons" }, close),
  )
  close.addEventListener("click", () => dialog.close())
  dialog.addEventListener("close", () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}

/** `text`: the id of what is written in; `label`: what that is, if not the text. */
export function makeToolbar(editor, text, label = word("Text")) {
  const group = (label, ...children) => make("div", { role: "group", "aria-label": label, class: "desk-tools" }, ...children)
  const each = (items) => items.filter((item) => !item.hidden && isKnown(editor, item)).map((item) => button(editor, item))
  const tools = editor.schema.nodes.table ? tableTools().map((item) => button(editor, item)) : []
  const table = make("div", { role: "group", "aria-label": word("Table"), class: "desk-tools desk-tools-table", hidden: true }, ...tools)
  const help = make(
    "button",
    { type: "button", class: "desk-tool", "aria-label": word("Keyboard"), title: word("Keyboard"), "data-tool": "keys", tabindex: "-1", on: { click: keyList } },
    symbol("keyboard"),
  )
  const bar = make(
    "div",
    { role: "toolbar", class: "desk-toolbar", "aria-label": label, "aria-controls": text },
    group(word("Paragraph"), blockChoice(editor)),
    group(word("Emphasis"), ...each(marks())),
    group(word("Lists and quotations"), ...each(blocks())),
    ...(insertions().some((item) => isKnown(editor, item))
      ? [group(word("Insert"), ...each(frequent()), insertMenu(editor, text))]
      : []),
    group(word("History"), ...each(history()), help),
    table,
  )
  editor.on("transaction", () => {
    table.hidden = !editor.isActive("table")
  })
  roving(bar, editor)
  editor.view.dom.addEventListener("keydown", (event) => {
    if (event.key === "F10" && event.altKey) {
      event.preventDefault()
      bar.querySelector("[tabindex='0']").focus()
    }
  })
  return bar
}
