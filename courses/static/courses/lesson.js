/* Shows what the chosen kind of lesson, schedule or access asks for; without this all of it shows. */

const form = document.querySelector("form.desk")

function follow(name, attribute) {
  const choice = form.elements[name]
  if (!choice) return
  const parts = form.querySelectorAll(`[${attribute}]`)
  const show = () => {
    for (const part of parts) {
      const wanted = part.getAttribute(attribute).split(" ").includes(choice.value)
      // What is wrong stays in sight, whatever was chosen.
      part.hidden = !wanted && !part.querySelector(".is-wrong")
    }
  }
  choice.addEventListener("change", show)
  show()
}

follow("kind", "data-for-kinds")
follow("drip", "data-for-drip")
follow("default_drip", "data-for-drip")
follow("access", "data-for-access")
follow("access_length", "data-for-length")
