/* The author's language: the page carries the words of words.py that are translated, and what is
   not there stays as written. */

const holder = document.getElementById("desk-words")
const translated = holder ? JSON.parse(holder.textContent) : {}

export const word = (english) => translated[english] || english

/** An element with attributes and children; `on` holds listeners. */
export function make(tag, { on = {}, ...attributes } = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "")
    else if (value !== false && value != null) element.setAttribute(name, value)
  }
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener)
  element.append(...children)
  return element
}

/** A symbol of the admin's own symbol font; says nothing to a screen reader. */
export const symbol = (name) =>
  make("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name)
