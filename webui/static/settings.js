// The Settings page: gathers what was changed and saves it in one go.

import { byId, outcomeOf, pause, send, toast } from "./shared.js";

const form = byId("settings-form");
const bar = byId("save-bar");
const BACK_WITHIN_MS = 90000;
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
  sessionStorage.setItem("counterscan-said", told.waits_for_restart.length
    ? "Saved. It is in force once the scanner was started anew: see the top of this page." : "Saved.");
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

// Once nothing waits any more, the page that answers is the new one.
async function isNew() {
  try {
    const answer = await fetch("/api/settings");
    return answer.ok && !(await answer.json()).waits_for_restart.length;
  } catch {
    return false;
  }
}

byId("restart")?.addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  button.textContent = "Starting anew…";
  const told = await send("POST", "/api/settings/restart");
  const until = performance.now() + BACK_WITHIN_MS;
  while (told && performance.now() < until && !await isNew()) await pause(500);
  if (told && performance.now() < until) {
    const outcome = await outcomeOf(told.id);
    sessionStorage.setItem("counterscan-said", outcome === "done" ? "Started anew: the settings are in force."
      : outcome || "The page was started anew; the machine's program does not answer. See Health.");
    location.reload();
    return;
  }
  if (told) toast("The page has not come back. Where its port or address was changed, open it there.");
  button.textContent = "Start anew now";
  button.disabled = false;
});

const said = sessionStorage.getItem("counterscan-said");
if (said) {
  sessionStorage.removeItem("counterscan-said");
  toast(said);
}
