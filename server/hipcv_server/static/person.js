// Whose a result is: asked, put right afterwards, renamed, handed out, forgotten.
import { BASE, ask } from "./api.js";
import { asked, button, byId, confirmed, element } from "./element.js";

const JSON_TYPE = { "Content-Type": "application/json" };
const patch = (path, told) => ask(path, { method: "PATCH", headers: JSON_TYPE, body: JSON.stringify(told) });
const today = () => new Date().toLocaleDateString("sv"); // as inputs have it: 2026-03-01

/** Of whom something is kept; offered wherever a name is asked for. */
export async function people() {
  const { people: found } = await ask("people");
  byId("people").replaceChildren(...found.map(({ subject }) => element("option", { value: subject })));
  return found;
}

/** Let no day be told that is still to come. */
export function setUpDays() {
  byId("up-date").max = today();
}

/** Ask whose a result is and of which day; `changed` hears the resource as it is then. */
export function whoseIs(resource, changed) {
  const name = element("input", { name: "subject", maxlength: 80, autocomplete: "off", list: "people", value: resource.subject ?? "" });
  const day = element("input", { name: "date", type: "date", max: today(), value: resource.visit_date, required: true });
  const said = element("p", { class: "soft", role: "status" });
  const form = element("form", { class: "whose" },
    element("div", { class: "fields" }, element("label", {}, "Name or code of the person ", name), element("label", {}, "Day of the recording ", day)),
    element("button", { class: "button quiet small" }, "Change"), said);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!name.value.trim()) {
      said.textContent = "Write a name or a code first.";
      name.focus();
      return;
    }
    try {
      changed(await patch(resource.links.self, { subject: name.value.trim(), date: day.value }));
    } catch (error) {
      said.textContent = error.message;
    }
  });
  people().catch(() => {});
  const nobody = resource.subject === null;
  return element("details", { class: "more", open: nobody }, element("summary", {}, nobody ? "Whose result is this?" : `Result ${resource.number} of ${resource.subject}: change name or day`),
    nobody ? element("p", { class: "soft" }, "A name or a code of your choosing. Until it has one, this result is in no trend.") : null, form);
}

/** What can be done with everything of one person; `renamed` hears the new name, `gone` that nothing is left. */
export function ofPerson(subject, { renamed, gone }) {
  const said = element("p", { class: "notice bad", role: "alert", hidden: true });
  const failed = (error) => { said.textContent = error.message; said.hidden = false; };
  const name = element("input", { name: "name", maxlength: 80, autocomplete: "off", value: subject, required: true, "aria-label": "New name or code" });
  const form = element("form", { class: "row" }, name, element("button", { class: "button quiet small" }, "Rename"));
  const rename = async (together) => renamed((await patch("people", { subject, name: name.value.trim(), together })).subject);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    rename(false).catch(async (error) => {
      if (error.code !== "name_taken") return failed(error);
      const answer = await asked("Are both one person?", `${name.value.trim()} is the name of somebody else here. Put the results of both together only if they are one person.`, [["yes", "Yes, one person"], ["", "No, another name"]]);
      return answer ? rename(true).catch(failed) : null;
    });
  });
  const forget = button(`Delete everything of ${subject}`, async () => {
    if (!(await confirmed(`Delete everything of ${subject}?`, "Every result, the pictures that were kept and the name are gone for good.", "Delete"))) return;
    ask(`people?${new URLSearchParams({ subject })}`, { method: "DELETE" }).then(gone, failed);
  }, { class: "button quiet small danger" });
  const saved = (kind, words) => element("a", { class: "button quiet small", download: true, href: `${BASE}/export?${new URLSearchParams({ subject, format: kind })}` }, words);
  return element("details", { class: "more" }, element("summary", {}, `Name, copies and deletion of ${subject}'s results`), said, form,
    element("div", { class: "row actions" }, saved("csv", "Save as a table (CSV)"), saved("json", "Save everything (JSON)"), forget));
}
