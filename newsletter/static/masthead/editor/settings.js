/* The side panel: address from the title, tags as chips, counts, and how search and sharing show it. */

import { slugOf } from "masthead/slugs"
import { make, symbol, word } from "masthead/words"

/** Until the author writes an address, it follows the title; a published one stays. */
function followTitle(form) {
  const { slug, title } = form.elements
  const shown = document.getElementById("desk-slug")
  const free = form.dataset.state === "draft" && (!slug.value || slug.value === slugOf(title.value))
  if (free) slug.dataset.untouched = "1"
  const show = () => {
    shown.textContent = slug.value || slugOf(title.value) || "…"
  }
  slug.addEventListener("input", () => {
    if (slug.value) delete slug.dataset.untouched
    else slug.dataset.untouched = "1"
    show()
  })
  title.addEventListener("input", () => {
    if (slug.dataset.untouched) slug.value = slugOf(title.value)
    show()
  })
  show()
}

/** Tags as chips over the plain field "One, Two", which is what is sent. */
function chips(form) {
  const field = form.elements.tag_names
  const names = () => field.value.split(",").map((name) => name.trim()).filter(Boolean)
  const list = make("ul", { class: "desk-chips", "aria-label": word("Chosen tags") })
  const entry = make("input", { type: "text", list: "desk-tags", id: "desk-tag-entry", autocomplete: "off", placeholder: word("Add a tag") })
  const write = (next) => {
    field.value = next.join(", ")
    field.dispatchEvent(new Event("input", { bubbles: true }))
    show()
  }
  function show() {
    list.replaceChildren(
      ...names().map((name, at) =>
        make(
          "li",
          {},
          name,
          make(
            "button",
            {
              type: "button",
              "aria-label": word("Remove %s").replace("%s", name),
              on: {
                click: () => {
                  write(names().filter((_, other) => other !== at))
                  entry.focus()
                },
              },
            },
            symbol("close"),
          ),
        ),
      ),
    )
    list.hidden = !names().length
  }
  function add() {
    const given = entry.value.split(",").map((name) => name.trim()).filter(Boolean)
    if (!given.length) return
    const have = new Set(names().map((name) => name.toLowerCase()))
    write([...names(), ...given.filter((name) => !have.has(name.toLowerCase()))])
    entry.value = ""
  }
  entry.addEventListener("keydown", (event) => {
    if (event.isComposing) return
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault()
      add()
    } else if (event.key === "Backspace" && !entry.value && names().length) write(names().slice(0, -1))
  })
  entry.addEventListener("change", add)
  document.querySelector(`label[for=${field.id}]`).htmlFor = entry.id
  field.hidden = true
  field.after(list, entry)
  show()
}

function counters() {
  for (const counter of document.querySelectorAll("[data-count-of]")) {
    const field = document.getElementById(counter.dataset.countOf)
    const best = Number(counter.dataset.countTo)
    const show = () => {
      const length = [...field.value].length
      counter.textContent = length > best
        ? word("%(n)s characters; about %(best)s are shown").replace("%(n)s", length).replace("%(best)s", best)
        : word("%(n)s of %(best)s characters").replace("%(n)s", length).replace("%(best)s", best)
      counter.classList.toggle("is-over", length > best)
    }
    field.addEventListener("input", show)
    show()
  }
}

/** Only what stands above the paywall may be quoted by others, here as on the server. */
function publicBeginning(html) {
  const page = new DOMParser().parseFromString(html, "text/html")
  let text = ""
  for (const block of page.body.children) {
    if (block.matches("hr[data-paywall]")) break
    if (block.matches("p:not([data-button])")) text += ` ${block.textContent}`
    if (text.length > 200) break
  }
  return text.trim()
}

function cards(form) {
  const { title, dek, seo_title: seoTitle, seo_description: seoDescription, slug, body } = form.elements
  const put = (name, text) => {
    for (const place of document.querySelectorAll(`[data-card=${name}]`)) place.textContent = text
  }
  const cut = (text, length) => (text.length > length ? `${text.slice(0, length).replace(/\s+\S*$/, "")} …` : text)
  const show = () => {
    put("title", cut(seoTitle.value || title.value || word("Title"), 65))
    put("description", cut(seoDescription.value || dek.value || publicBeginning(body.value), 160))
    put("slug", slug.value || slugOf(title.value))
    const fallback = dek.value || cut(publicBeginning(body.value), 155)
    seoDescription.placeholder = fallback
    seoTitle.placeholder = title.value
    form.elements.mail_subject.placeholder = title.value
    form.elements.mail_preheader.placeholder = fallback
  }
  let pause
  form.addEventListener("input", () => {
    clearTimeout(pause)
    pause = setTimeout(show, 150)
  })
  form.addEventListener("desk:cover", ({ detail }) => showPicture(detail.src))
  const picture = document.querySelector("[data-card=picture]")
  function showPicture(src) {
    picture.replaceChildren(...(src ? [make("img", { src, alt: "" })] : []))
    picture.hidden = !src
  }
  showPicture(picture.dataset.src)
  show()
}

/** Which tiers is asked only where it matters; and what the paywall does, as the text stands. */
function sayWhoReads(form) {
  const { access, body } = form.elements
  const tiers = document.getElementById("desk-tiers")
  const note = document.getElementById("desk-access-note")
  const show = () => {
    tiers.hidden = access.value !== "tiers"
    const wall = body.value.includes("data-paywall")
    if (access.value === "public") {
      note.textContent = wall ? word("The paywall has no effect while everyone may read it.") : ""
    } else {
      note.textContent = wall
        ? word("What stands above the paywall in the text is open to everyone.")
        : word("There is no paywall in the text, so nothing of it is open to others.")
    }
  }
  form.addEventListener("input", show)
  form.addEventListener("change", show)
  show()
}

export function dressSettings(form) {
  followTitle(form)
  if (form.elements.tag_names) chips(form)
  counters()
  if (document.querySelector("[data-card]")) cards(form)
  if (document.getElementById("desk-access-note")) sayWhoReads(form)
}
