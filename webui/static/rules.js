// The Rules page: which rules are in force, presets, lists; each change reloads what stands here.

import { clearTry, wireTry } from "./rules_try.js";
import { byId, outcomeOf, send, toast } from "./shared.js";

let trying = "";
let listWas = "";

async function change(path, body) {
  const done = await send("POST", path, body);
  if (done) location.reload();
}

wireTry(() => ({ name: trying }));

// The machine notes it between two cards; what it answers is told, or shown by the page anew.
async function emptied(bin) {
  const asked = await send("POST", "/api/bins/emptied", { bin: Number(bin) });
  if (!asked) return;
  const outcome = await outcomeOf(asked.id);
  if (outcome === "done") location.reload();
  else if (outcome) toast(outcome);
}

const acts = {
  emptied,
  use: (name) => change("/api/rules/use", { name }),
  try: (name) => {
    trying = name;
    byId("try-title").textContent = `Try “${name}”`;
    clearTry();
    byId("try-dialog").showModal();
  },
  remove: (name) => {
    const dialog = byId("remove-dialog");
    byId("remove-text").textContent = `“${name}” is taken off the list. Batches that were sorted by it are not touched.`;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "remove") change("/api/rules/remove", { name });
    }, { once: true });
    dialog.showModal();
  },
  preset: async (key) => {
    const made = await send("POST", "/api/rules/preset", { key });
    if (made) location.assign(`/rules/edit?name=${encodeURIComponent(made.name)}`);
  },
  list: async (name) => {
    listWas = name;
    byId("list-name").value = name;
    byId("list-name").readOnly = Boolean(name);
    byId("list-remove").hidden = !name;
    byId("list-entries").value = "";
    if (name) {
      const answer = await fetch(`/api/rules/lists?name=${encodeURIComponent(name)}`);
      const told = await answer.json();
      if (!answer.ok) return toast(told.error);
      byId("list-entries").value = told.lists.flatMap((list) => list.entries).join("\n");
    }
    return byId("list-dialog").showModal();
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("close" in button.dataset) button.closest("dialog").close();
  for (const [name, act] of Object.entries(acts)) {
    if (name in button.dataset) act(button.dataset[name]);
  }
});

byId("list-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const entries = byId("list-entries").value.split("\n").map((line) => line.trim()).filter(Boolean);
  change("/api/rules/lists", { name: byId("list-name").value, entries });
});

byId("list-remove").addEventListener("click", () => {
  change("/api/rules/lists", { name: listWas, entries: [], removed: true });
});
