/* Choosing the cover: from the library by sight, or a new upload. The select stays the field. */

import { ask } from "masthead/dialog"
import { uploadImage } from "masthead/upload"
import { make, word } from "masthead/words"

function show(form, image) {
  const { cover } = form.elements
  const holder = document.getElementById("desk-cover")
  if (image) {
    const known = [...cover.options].some(({ value }) => value === String(image.pk))
    if (!known) cover.append(make("option", { value: image.pk }, image.alt || image.src))
  }
  cover.value = image ? image.pk : ""
  holder.replaceChildren(
    ...(image
      ? [
          make("img", { src: image.src, alt: image.alt, width: image.width, height: image.height }),
          make("p", { class: "desk-help" }, image.alt || word("No description yet.")),
        ]
      : []),
  )
  cover.dispatchEvent(new Event("input", { bubbles: true }))
  form.dispatchEvent(new CustomEvent("desk:cover", { detail: { src: image?.src } }))
}

async function library(form, words = "", page = 1) {
  const url = new URL(form.dataset.imagesUrl, location.href)
  url.searchParams.set("q", words)
  url.searchParams.set("page", page)
  const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" })
  if (!response.ok) throw new Error(word("The pictures cannot be shown just now."))
  return response.json()
}

function chooseFromLibrary(form) {
  const search = make("input", { type: "search", id: "desk-library-search", autocomplete: "off" })
  const grid = make("div", { class: "desk-library" })
  const more = make("button", { type: "button", class: "desk-button", hidden: true }, word("Show more"))
  const note = make("p", { class: "desk-help", role: "status" })
  const close = make("button", { type: "button", class: "desk-button" }, word("Cancel"))
  const dialog = make(
    "dialog",
    { class: "desk-dialog desk-dialog-wide", "aria-labelledby": "desk-library-title" },
    make("h2", { id: "desk-library-title" }, word("Pictures")),
    make("div", { class: "desk-row" }, make("label", { for: "desk-library-search" }, word("Search by description")), search),
    grid,
    note,
    make("div", { class: "desk-dialog-buttons" }, more, close),
  )
  let page = 1
  let asked = 0
  const load = async (fresh) => {
    const number = ++asked
    page = fresh ? 1 : page + 1
    try {
      const { images, has_more: hasMore } = await library(form, search.value, page)
      if (number !== asked) return
      const tiles = images.map((image) =>
        make(
          "button",
          {
            type: "button",
            "aria-label": image.alt || word("No description yet."),
            on: {
              click: () => {
                show(form, image)
                dialog.close()
              },
            },
          },
          make("img", { src: image.thumbnail, alt: "", loading: "lazy" }),
        ),
      )
      if (fresh) grid.replaceChildren(...tiles)
      else grid.append(...tiles)
      more.hidden = !hasMore
      note.textContent = grid.children.length ? "" : word("No picture found.")
    } catch (error) {
      note.textContent = error.message
    }
  }
  let pause
  search.addEventListener("input", () => {
    clearTimeout(pause)
    pause = setTimeout(() => load(true), 250)
  })
  more.addEventListener("click", () => load(false))
  close.addEventListener("click", () => dialog.close())
  dialog.addEventListener("close", () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  load(true)
}

export function dressCover(form) {
  const { cover } = form.elements
  const choose = make("button", { type: "button", class: "desk-button", on: { click: () => chooseFromLibrary(form) } }, word("Choose…"))
  const upload = make(
    "button",
    {
      type: "button",
      class: "desk-button",
      on: {
        click: async () => {
          const image = await ask({
            title: word("Cover"),
            fields: {
              file: { label: word("File"), kind: "file", required: true, accept: "image/*" },
              alt: { label: word("Description for those who cannot see it") },
              caption: { label: word("Caption and credit") },
            },
            submit: word("Upload"),
            act: (values) => uploadImage(values),
          })
          if (image) show(form, image)
        },
      },
    },
    word("Upload…"),
  )
  const none = make("button", { type: "button", class: "desk-button", on: { click: () => show(form, null) } }, word("None"))
  cover.closest(".desk-row").hidden = true
  document.getElementById("desk-cover").after(make("div", { class: "desk-notice-buttons" }, choose, upload, none))
}
