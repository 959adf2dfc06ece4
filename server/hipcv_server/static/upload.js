// Recorded videos: handed over, watched while they are scored, shown.
import { ask, element, tell } from "./api.js";
import { showResult } from "./result.js";

const form = document.getElementById("upload-form");
const list = document.getElementById("uploads");
const drop = document.getElementById("drop");
const input = document.getElementById("files");

function fields(file) {
  const given = new FormData(form), sent = new FormData();
  for (const name of ["test", "age", "sex", "subject"]) if (given.get(name)) sent.set(name, given.get(name));
  for (const name of ["mirrored", "keep"]) sent.set(name, given.get(name) ? "true" : "false");
  sent.set("file", file);
  return sent;
}

async function send(file) {
  const bar = element("progress", { "aria-label": `Progress of ${file.name}` });
  const state = element("span", { class: "small" }, " sending …");
  const cancel = element("button", { class: "button quiet", type: "button" }, "Cancel");
  const box = element("div");
  const item = element("li", {}, element("div", {}, element("strong", {}, file.name), state), bar, cancel, box);
  list.prepend(item);
  try {
    const job = await ask("assessments", { method: "POST", body: fields(file) });
    cancel.addEventListener("click", () => ask(job.links.cancel, { method: "POST" }).catch((e) => tell(e.message)));
    const events = new EventSource(job.links.events);
    events.addEventListener("progress", (event) => {
      const { progress } = JSON.parse(event.data);
      state.textContent = ` ${progress.stage} …`;
      if (progress.n_total) bar.value = progress.share;
      else bar.removeAttribute("value");
    });
    events.addEventListener("end", (event) => {
      events.close();
      const resource = JSON.parse(event.data);
      bar.remove();
      cancel.remove();
      state.textContent = ` ${resource.state}`;
      showResult(box, resource);
    });
    events.addEventListener("gone", () => { events.close(); item.remove(); });
  } catch (error) {
    bar.remove();
    cancel.remove();
    state.textContent = " not taken";
    box.append(element("p", {}, error.message));
  }
}

export function openUpload() {
  input.addEventListener("change", () => { [...input.files].forEach(send); input.value = ""; });
  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (e) => { e.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, (e) => { e.preventDefault(); drop.classList.remove("over"); });
  drop.addEventListener("drop", (e) => [...e.dataTransfer.files].forEach(send));
}
