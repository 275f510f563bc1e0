/* Pictures and files on their way to the site. The server checks and resizes; this only carries. */

import { word } from "masthead/words"

const form = () => document.querySelector("form[data-upload-url]")
export const token = () => document.querySelector("input[name=csrfmiddlewaretoken]").value

/** POST, and answer the JSON; throws an Error in words that an author can act on. */
export async function post(url, body) {
  let response
  try {
    response = await fetch(url, {
      method: "POST",
      body,
      headers: { "X-CSRFToken": token(), Accept: "application/json" },
      credentials: "same-origin",
    })
  } catch {
    throw new Error(word("The site cannot be reached. Check the connection and try again."))
  }
  const kind = response.headers.get("content-type") || ""
  const answer = kind.includes("json") ? await response.json() : {}
  if (response.redirected && !kind.includes("json")) {
    throw new Error(word("You have been signed out. Sign in again in another tab; the text here stays."))
  }
  if (!response.ok) {
    const error = new Error(answer.error || word("The site could not do that. Try again in a moment."))
    error.status = response.status
    error.answer = answer
    throw error
  }
  return answer
}

/** Upload one picture; answers {src, width, height, alt, caption}. */
export function uploadImage({ file, alt = "", caption = "" }) {
  const body = new FormData()
  body.set("file", file)
  body.set("alt", alt)
  body.set("caption", caption)
  return post(form().dataset.uploadUrl, body)
}

/** Upload a file that the text offers; answers {href, size}. */
export function uploadFile(file) {
  const body = new FormData()
  body.set("file", file)
  return post(form().dataset.fileUrl, body)
}

export const isImage = (file) => /^image\/(jpeg|png|gif|webp|avif)$/.test(file.type)
