// Which page is shown.
import { ask, element, tell } from "./api.js";
import { openHistory } from "./history.js";
import { openLive } from "./live.js";
import { openUpload } from "./upload.js";

const pages = [...document.querySelectorAll("main > section")];

function show() {
  const wanted = location.hash.slice(1);
  const current = pages.find((page) => page.id === wanted) ?? pages[0];
  for (const page of pages) page.hidden = page !== current;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${current.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  tell(null);
  if (current.id === "results") openHistory();
}

window.addEventListener("hashchange", () => { show(); document.getElementById("main").focus(); });
show();
openUpload();
openLive().catch((error) => tell(error.message));
ask("guidance?test=seated").then(({ film }) => document.getElementById("home-steps").replaceChildren(...film.map((step) => element("li", {}, step)))).catch((error) => tell(error.message));
