// The Settings page: gathers what was changed and saves it in one go.

import { byId, send, toast } from "./shared.js";

const form = byId("settings-form");
const bar = byId("save-bar");
const fields = [...form.querySelectorAll("[data-name]")];

function valueOf(field) {
  if (field.dataset.kind === "yes or no") return field.checked;
  if (field.dataset.kind === "number") return field.valueAsNumber;
  return field.value.trim();
}

const first = new Map(fields.map((field) => [field, valueOf(field)]));

function changed() {
  return fields.filter((field) => !Object.is(valueOf(field), first.get(field)));
}

function show() {
  const count = changed().length;
  bar.hidden = count === 0;
  byId("save-count").textContent = count === 1 ? "1 change" : `${count} changes`;
  for (const field of fields) {
    field.closest(".setting").classList.toggle("is-changed", !Object.is(valueOf(field), first.get(field)));
  }
}

async function save(changes) {
  const told = await send("PATCH", "/api/settings", { changes });
  if (!told) return;
  sessionStorage.setItem("counterscan-said", "Saved.");
  location.reload();
}

form.addEventListener("input", show);
form.addEventListener("reset", () => setTimeout(show));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const wrong = changed().find((field) => !field.checkValidity());
  if (wrong) {
    wrong.reportValidity();
    return;
  }
  save(Object.fromEntries(changed().map((field) => [field.dataset.name, valueOf(field)])));
});
for (const button of form.querySelectorAll("[data-back]")) {
  button.addEventListener("click", () => save({ [button.dataset.back]: null }));
}
window.addEventListener("beforeunload", (event) => {
  if (!bar.hidden && !sessionStorage.getItem("counterscan-said")) event.preventDefault();
});

const said = sessionStorage.getItem("counterscan-said");
if (said) {
  sessionStorage.removeItem("counterscan-said");
  toast(said);
}
