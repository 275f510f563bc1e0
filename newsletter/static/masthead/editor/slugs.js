/* What an address becomes of a title: the rule of newsletter/lib/slugs.py, shown while one types. */

const WRITTEN_SO = /([\u0E33\u0EB3\u3131-\u318E]+)/
const INVISIBLE = /[\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u3164\uFE00-\uFE0F\uFFA0\u{E0100}-\u{E01EF}\p{Cf}]/gu
const APOSTROPHES = /['"`´‘’‚‛“”„‟«»‹›′″׳״\p{Me}]/gu
const LOOSE_MARKS = /(^|[^\p{L}\p{N}\p{Mn}\p{Mc}])[\p{Mn}\p{Mc}]+/gu

function spell(text) {
  const parts = text.split(WRITTEN_SO).map((part) => (WRITTEN_SO.test(part) ? part : part.normalize("NFKC")))
  const small = parts.join("").toLowerCase().replace(/i\u0307/g, "i")
  return small.replace(INVISIBLE, "").replace(APOSTROPHES, "").normalize("NFC")
}

function cut(slug, length) {
  const characters = [...slug]
  if (characters.length <= length) return slug
  const words = characters.slice(0, length + 1).lastIndexOf("-")
  if (words >= Math.floor(length / 2)) return characters.slice(0, words).join("")
  let kept = ""
  for (const { segment } of new Intl.Segmenter().segment(slug)) {
    if ([...kept, ...segment].length > length) break
    kept += segment
  }
  return kept
}

const trim = (slug) => slug.replace(/^[-_]+|[-_]+$/g, "")

/** As long as the server makes an address of a title; a typed one may have 200 characters. */
export function slugOf(title, length = 80) {
  const words = spell(title)
    .replace(LOOSE_MARKS, "$1")
    .replace(/[^\p{L}\p{N}\p{Mn}\p{Mc}_]+/gu, "-")
    .replace(/-{2,}/g, "-")
  return trim(cut(trim(words), length))
}
