// People and keys: each button is one request; the page is then drawn anew by the server.

import { byId, send } from "./shared.js";

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector("[data-close]")?.addEventListener("click", () => dialog.close());
}

function open(dialog) {
  dialog.querySelector(".problem").hidden = true;
  dialog.showModal();
}

function openPerson(name, role) {
  const form = byId("person-form");
  form.reset();
  byId("person-title").textContent = name ? `Change ${name}` : "Add a person";
  byId("person-name").value = name;
  byId("person-name").readOnly = Boolean(name);
  byId("person-role").value = role;
  byId("person-password").required = !name;
  byId("person-help").textContent = name
    ? "Leave it empty to keep the present one. A new one signs the person out everywhere."
    : "At least 8 letters or digits.";
  open(byId("person-dialog"));
}

function ask(question, word, act) {
  byId("sure-title").textContent = question;
  byId("sure-yes").textContent = word;
  byId("sure-yes").onclick = act;
  open(byId("sure-dialog"));
}

// A toast would lie under the open dialog.
function sayInDialog(text) {
  const problem = document.querySelector("dialog[open] .problem");
  problem.textContent = text;
  problem.hidden = false;
}

async function andReload(method, path, body) {
  if (await send(method, path, body, sayInDialog)) location.reload();
}

byId("add-person").addEventListener("click", () => openPerson("", "counter"));
byId("person-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  andReload("PUT", "/api/settings/people", { ...fields, password: fields.password || null });
});
for (const button of document.querySelectorAll("[data-edit]")) {
  button.addEventListener("click", () => openPerson(button.dataset.edit, button.dataset.role));
}
for (const button of document.querySelectorAll("[data-remove]")) {
  const name = button.dataset.remove;
  button.addEventListener("click", () => ask(`Let ${name} in no more?`, "Remove", () => {
    andReload("DELETE", `/api/settings/people/${encodeURIComponent(name)}`);
  }));
}
for (const button of document.querySelectorAll("[data-end]")) {
  button.addEventListener("click", () => ask("Let it in no more?", "End it", () => {
    andReload("DELETE", `/api/settings/ways/${button.dataset.end}`);
  }));
}

byId("add-key").addEventListener("click", () => {
  byId("key-form").reset();
  open(byId("key-dialog"));
});
byId("key-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = await send("POST", "/api/settings/keys", Object.fromEntries(new FormData(event.target)), sayInDialog);
  if (!told) return;
  byId("key-form").hidden = true;
  byId("key-made").hidden = false;
  byId("key-secret").textContent = told.key;
});
byId("key-done").addEventListener("click", () => location.reload());
byId("key-dialog").addEventListener("close", () => { if (!byId("key-made").hidden) location.reload(); });
