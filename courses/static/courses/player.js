/* A recording at another site, played here: nothing is asked of that site before the button is
   pressed. Without this the link below it leads there. */
(() => {
  "use strict";
  for (const place of document.querySelectorAll("[data-player]")) {
    place.querySelector("button").addEventListener("click", () => {
      const frame = document.createElement("iframe");
      frame.title = place.dataset.title;
      frame.allow = "autoplay; encrypted-media; fullscreen; picture-in-picture";
      // Their scripts run in their own origin; this page can neither be read nor led away by them.
      frame.sandbox = "allow-forms allow-popups allow-popups-to-escape-sandbox allow-presentation allow-same-origin allow-scripts";
      // Players refuse a page that does not say which site it is of; which page is nobody's business.
      frame.referrerPolicy = "strict-origin-when-cross-origin";
      frame.src = place.dataset.player;
      place.replaceChildren(frame);
      frame.focus();
    });
  }
})();
