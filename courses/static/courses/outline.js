/* The outline stays on the page: what its buttons and links answer is put in its place. Lines are
   moved by Alt and the arrow keys, and dragged by their handle. Without this script all of it works
   by buttons, one page after the other. */

const find = () => document.getElementById("outline")
const live = document.createElement("div")
live.className = "hush"
live.setAttribute("role", "status")
document.body.append(live)
let busy = false

async function load(url, options, focusOn) {
  if (busy) return
  busy = true
  const { saved, failed } = find().dataset
  live.textContent = options ? saved : ""
  find().setAttribute("aria-busy", "true")
  const had = document.activeElement?.id
  try {
    const response = await fetch(url, { credentials: "same-origin", ...options })
    const page = new DOMParser().parseFromString(await response.text(), "text/html")
    const fresh = page.getElementById("outline")
    if (!fresh) throw new Error(response.status)
    const next = focusOn || fresh.querySelector("[autofocus]")?.id || had
    for (const each of fresh.querySelectorAll("[autofocus]")) each.removeAttribute("autofocus")
    find().replaceWith(document.adoptNode(fresh))
    if (response.ok) history.replaceState(null, "", response.url)
    const told = [...fresh.querySelectorAll("#outline-said p, [role=alert]")]
    live.textContent = told.map((line) => line.textContent).join(" ")
    focus(next)
  } catch {
    find().removeAttribute("aria-busy")
    live.textContent = failed
    live.className = "desk-notice desk-notice-bad"
  } finally {
    busy = false
  }
}

/* What the answer says is next; where that cannot be used any more, the line that it stands on. */
function focus(wanted) {
  const next = wanted && document.getElementById(wanted)
  if (!next) return
  const line = next.closest("[data-kind]")
  const target = next.disabled ? line?.querySelector("[data-opens]") : next
  target?.focus()
  line?.scrollIntoView({ block: "nearest" })
}

function post(act, more = {}) {
  const body = new FormData(document.getElementById("outline-acts"))
  body.set("act", act)
  for (const [name, value] of Object.entries(more)) body.set(name, value)
  load(location.pathname, { method: "POST", body })
}

document.addEventListener("submit", (event) => {
  if (!find()?.contains(event.target)) return
  event.preventDefault()
  const button = event.submitter
  if (button?.dataset.ask && !window.confirm(button.dataset.ask)) return
  const body = new FormData(event.target)
  if (button?.name) body.set(button.name, button.value)
  load(event.target.action, { method: "POST", body })
})

document.addEventListener("click", (event) => {
  const link = event.target.closest("#outline a[data-opens]")
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  const opens = link.href.includes("open=")
  load(link.href, undefined, opens ? link.dataset.opens : link.id)
})

document.addEventListener("keydown", (event) => {
  const line = event.target.closest?.("#outline [data-kind]")
  if (!line || !document.getElementById("outline-acts")) return
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault()
    const step = event.key === "ArrowUp" ? "up" : "down"
    const button = document.getElementById(`${step}-${line.id}`)
    if (!button.disabled) button.click()
  } else if (event.key === "F2" || (event.key === "Escape" && event.target.closest(".teach-panel"))) {
    event.preventDefault()
    document.getElementById(`edit-${line.id}`).click()
  }
})

/* ── Dragging ──────────────────────────────────────────────────────────────────────────────── */

let dragged = null

function clear() {
  for (const marked of document.querySelectorAll(".teach-drop-before, .teach-drop-after")) {
    marked.classList.remove("teach-drop-before", "teach-drop-after")
  }
}

/** Over which line of the same kind, or which empty list, and on which side of it. */
function placeUnder(event) {
  const kind = dragged.dataset.kind
  const line = event.target.closest?.(`#outline [data-kind=${kind}]`)
  if (line) {
    const { top, height } = line.getBoundingClientRect()
    return { line, after: event.clientY > top + height / 2 }
  }
  const list = kind === "lesson" && event.target.closest?.("#outline [data-kind=module]")?.querySelector(".teach-lessons")
  return list ? { line: list.lastElementChild ?? list, after: true, list } : null
}

document.addEventListener("dragstart", (event) => {
  const handle = event.target.closest?.(".teach-handle")
  if (!handle) return
  dragged = handle.closest("[data-kind]")
  event.dataTransfer.effectAllowed = "move"
  event.dataTransfer.setData("text/plain", dragged.id)
  event.dataTransfer.setDragImage(dragged.querySelector(".teach-line"), 16, 16)
  dragged.classList.add("teach-dragged")
})

document.addEventListener("dragover", (event) => {
  const place = dragged && placeUnder(event)
  if (!place) return
  event.preventDefault()
  clear()
  place.line.classList.add(place.after ? "teach-drop-after" : "teach-drop-before")
})

document.addEventListener("drop", (event) => {
  const place = dragged && placeUnder(event)
  if (!place) return
  event.preventDefault()
  const { kind, id } = dragged.dataset
  const list = place.list ?? place.line.parentElement
  const rest = [...list.querySelectorAll(`:scope > [data-kind=${kind}]`)].filter((each) => each !== dragged)
  const at = rest.indexOf(place.line)
  if (place.line !== dragged) {
    const position = at < 0 ? rest.length + 1 : at + (place.after ? 2 : 1)
    post(`place:${kind}:${id}`, kind === "lesson" ? { to: list.dataset.module, position } : { position })
  }
})

document.addEventListener("dragend", () => {
  clear()
  dragged?.classList.remove("teach-dragged")
  dragged = null
})
