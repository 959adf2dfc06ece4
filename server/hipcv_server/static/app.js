// Which page is shown; the address after # names it, so that back, forward and bookmarks work.
import { askOnce } from "./api.js";
import { showDrawings } from "./drawings.js";
import { alarm, asking, byId } from "./element.js";
import { openHistory, openOne, setUpHistory } from "./history.js";
import { leaveSelfTest, mayLeave, midTest, openSelfTest, setUpSelfTest } from "./selftest.js";
import { people, setUpDays } from "./person.js";
import { loadTests } from "./tests.js";
import { setUpUpload } from "./upload.js";
import { STOPS } from "./words.js";

const TITLES = { home: "hipcv", "self-test": "Self-test · hipcv", upload: "Upload · hipcv", results: "Results · hipcv", one: "Result · hipcv" };
const sections = [...document.querySelectorAll("main > section")];
let first = true;

function show() {
  if (location.hash === "#main") return;
  const [name, id] = location.hash.slice(1).split("/");
  const wanted = name === "results" && id ? "one" : name;
  const page = wanted in TITLES ? wanted : "home";
  alarm(null);
  if (page !== "self-test") leaveSelfTest();
  // the sections' ids differ from the names in the address: a browser would move there by itself
  for (const section of sections) section.hidden = section.id !== `page-${page}`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${page === "one" ? "results" : page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = TITLES[page];
  if (page === "self-test") openSelfTest();
  if (page === "results") openHistory();
  if (page === "one") openOne(decodeURIComponent(id));
  window.scrollTo(0, 0);
  if (!first) byId(`page-${page}`).querySelector("h1").focus({ preventScroll: true });
  first = false;
}

/** Back, or a link, in the middle of a test: the test's address stays until the person has said what is to become of it. */
async function askFirst(wanted) {
  history.pushState(null, "", "#self-test");
  if (!asking() && (await mayLeave())) location.hash = wanted;
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
setUpSelfTest();
setUpUpload();
setUpHistory();
setUpDays();
showDrawings();
window.addEventListener("hashchange", () => (midTest() && location.hash !== "#self-test" ? askFirst(location.hash) : show()));
show();
loadTests();
people().catch(() => {}); // names are offered where there are any
askOnce("limits").then(({ version, last_stop: stop }) => {
  byId("version").textContent = version;
  if (stop in STOPS && firstTime(`stop-${stop}`)) alarm(STOPS[stop]);
}).catch((error) => alarm(error.message));

/** Whether something is to be told for the first time since this tab was opened. */
function firstTime(what) {
  try {
    const told = sessionStorage.getItem(`hipcv.${what}`);
    sessionStorage.setItem(`hipcv.${what}`, "told");
    return told === null;
  } catch { // nothing may be kept here: better told twice than never
    return true;
  }
}
