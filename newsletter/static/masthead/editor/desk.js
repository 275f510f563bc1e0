/* The desk around the text: drafts save themselves, everything else is kept in this browser until
   it is saved; settings fold away; preview and save are one key away. */

import { dressCover } from "masthead/cover"
import { dressSettings } from "masthead/settings"
import { keepCopy, offerCopy, dropCopy, standfirst } from "masthead/copies"
import { post, token } from "masthead/upload"
import { make, word } from "masthead/words"

/* An article's, a lesson's or a course's: what one of them lacks is left alone. */
const form = document.querySelector("form.desk")
const line = document.getElementById("desk-saved")
const body = form.elements.body
const PAUSE = 2500
const SETTLE = 300

const contents = () => new URLSearchParams(new FormData(form)).toString().replace(/&?(csrfmiddlewaretoken|version)=[^&]*/g, "")
let stored = contents()
let timer = null
let busy = false
let stopped = form.dataset.hasErrors === "1"
let leaving = false

function say(text, bad = false) {
  line.textContent = text
  line.classList.toggle("is-bad", bad)
}

/** A line of text grows with what is written in it and takes no line breaks. */
function grow(area) {
  const fit = () => {
    area.style.height = "auto"
    area.style.height = `${area.scrollHeight}px`
  }
  area.addEventListener("input", () => {
    if (area.value.includes("\n")) area.value = area.value.replace(/\s*\n\s*/g, " ")
    fit()
  })
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return
    event.preventDefault()
    if (area === form.elements.title) standfirst(form).focus()
    else if (body.proseEditor) body.proseEditor.view.focus()
    else body.focus()
  })
  window.addEventListener("resize", fit)
  fit()
}

function countWords() {
  const text = body.proseEditor ? body.proseEditor.getText({ blockSeparator: " " }) : body.value.replace(/<[^>]*>/g, " ")
  const number = (text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) || []).length
  const minutes = Math.max(1, Math.round(number / 220))
  document.getElementById("desk-word-count").textContent = !number ? "" : word("%(words)s words, about %(minutes)s min to read")
    .replace("%(words)s", number.toLocaleString(document.documentElement.lang))
    .replace("%(minutes)s", minutes)
}

const snapshot = () => ({ title: form.elements.title.value, dek: standfirst(form).value, body: body.value })

async function autosave() {
  timer = null
  if (busy || stopped || leaving) return
  const sent = contents()
  if (sent === stored) return
  if (!form.elements.title.value.trim()) {
    say(word("Give it a title and it saves itself. Until then it is kept in this browser."))
    return
  }
  busy = true
  say(word("Saving…"))
  try {
    const answer = await post(form.dataset.autosaveUrl, new FormData(form))
    stored = sent
    form.elements.version.value = answer.version
    if (!form.dataset.pk) becomeSaved(answer)
    if (!form.elements.slug.value || form.elements.slug.dataset.untouched) form.elements.slug.value = answer.slug
    document.getElementById("desk-slug").textContent = answer.slug
    say(answer.message)
    dropCopy(form)
  } catch (error) {
    keepCopy(form, snapshot())
    say(`${error.message} ${word("Your text is kept in this browser.")}`, true)
    if (error.status === 409) conflict(error.answer)
    else if (error.status !== 422) timer = setTimeout(autosave, 10000)
  } finally {
    busy = false
    if (!timer && !stopped && contents() !== stored) changed()
  }
}

/** The new article has a row now: the page becomes its page. */
function becomeSaved(answer) {
  dropCopy(form)
  form.dataset.pk = answer.pk
  form.dataset.autosaveUrl = answer.autosave_url
  form.setAttribute("action", answer.change_url)
  history.replaceState(null, "", answer.change_url)
  const settings = document.getElementById("desk-settings-button")
  settings.after(
    make(
      "button",
      { type: "submit", form: form.id, class: "desk-button", id: "desk-preview", formaction: answer.preview_url, formtarget: "_blank" },
      word("Preview"),
    ),
  )
}

/** Somebody else saved: stop saving by itself, and show the way to both texts. */
function conflict({ error }) {
  stopped = true
  const notice = document.getElementById("desk-kept")
  notice.replaceChildren(
    make("p", {}, error),
    make(
      "button",
      { type: "submit", class: "desk-button desk-button-main", name: "_save_draft", value: "1" },
      word("Compare the two texts"),
    ),
  )
  notice.classList.add("desk-notice-bad")
  notice.hidden = false
}

/** A long text is not read through at every key: only when the author pauses. */
let pause = null
function changed() {
  clearTimeout(pause)
  pause = setTimeout(settle, SETTLE)
}

function settle() {
  clearTimeout(pause)
  countWords()
  if (leaving || contents() === stored) return
  if (form.dataset.state === "draft" && !stopped) {
    clearTimeout(timer)
    timer = setTimeout(autosave, PAUSE)
    if (!busy) say(word("Not saved yet"))
  } else if (!stopped) {
    say(word("Changes not saved; kept in this browser"))
  }
  keepCopy(form, snapshot())
}

function keysOfThePage(event) {
  if (!(event.ctrlKey || event.metaKey)) return
  if (event.key.toLowerCase() === "s" && !event.altKey) {
    event.preventDefault()
    if (form.dataset.state === "draft") {
      clearTimeout(timer)
      autosave()
    } else document.querySelector("[name=_save_draft]")?.click()
  } else if (event.altKey && event.code === "KeyV") {
    event.preventDefault()
    document.getElementById("desk-preview")?.click()
  }
}

function foldSettings() {
  const button = document.getElementById("desk-settings-button")
  const fold = (open) => {
    form.classList.toggle("is-folded", !open)
    button.setAttribute("aria-expanded", open)
    try {
      localStorage.setItem("masthead.settings", open ? "1" : "0")
    } catch {
      /* A browser that keeps nothing still folds. */
    }
  }
  button.addEventListener("click", () => fold(form.classList.contains("is-folded")))
  let kept = null
  try {
    kept = localStorage.getItem("masthead.settings")
  } catch {
    /* As above. */
  }
  if (kept === "0") fold(false)
  // A setting that is wrong must be in sight.
  for (const wrong of form.querySelectorAll(".desk-settings .is-wrong")) {
    wrong.closest("details").open = true
    fold(true)
  }
}

function start() {
  document.documentElement.classList.add("has-script")
  grow(form.elements.title)
  grow(standfirst(form))
  foldSettings()
  dressSettings(form)
  if (form.elements.cover) dressCover(form, { token })
  // An address that follows the title is made by the server, which knows which are taken.
  form.addEventListener("formdata", ({ formData }) => {
    if (form.elements.slug.dataset.untouched) formData.set("slug", "")
  })
  stored = contents()
  form.addEventListener("input", changed)
  form.addEventListener("change", changed)
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) settle()
  })
  document.addEventListener("keydown", keysOfThePage)
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formTarget === "_blank") return
    leaving = true
    clearTimeout(timer)
    keepCopy(form, snapshot())
  })
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) leaving = false
  })
  window.addEventListener("beforeunload", (event) => {
    if (leaving || contents() === stored) return
    event.preventDefault()
  })
  countWords()
  offerCopy(form, body, snapshot())
}

/* The editor rewrites the textarea once when it starts; that is not a change of the author's. */
const ready = () => {
  const wasStored = contents() === stored
  if (body.proseEditor && wasStored) stored = contents()
  countWords()
}
if (body.proseEditor) ready()
else document.addEventListener("prose-editor:ready", ready)
start()
