// The list of batches, and the form that begins a new one.

import { byId, closeDialogs, send, showTimes } from "./shared.js";

const start = JSON.parse(byId("start-data").textContent);
const list = byId("batch-list");
const search = byId("batches-search");
const NEWS_MS = 3000;
const AT_ONCE = 20;

let next = start.next;
let asked = 0;
let shown = list.children.length;

async function read(before = 0) {
  asked += 1;
  const question = asked;
  const limit = before ? AT_ONCE : Math.max(AT_ONCE, Math.min(100, shown));
  const query = new URLSearchParams({ html: 1, limit, before, q: search.value.trim() });
  try {
    const answer = await fetch(`/api/batches?${query}`);
    if (!answer.ok || question !== asked) return;
    const told = await answer.json();
    if (before) list.insertAdjacentHTML("beforeend", told.html);
    else if (list.dataset.html !== told.html && !list.contains(document.activeElement)) {
      list.innerHTML = told.html;
      list.dataset.html = told.html;
    }
    if (before || shown <= limit) next = told.next;
    shown = list.children.length;
    list.hidden = !shown;
    const none = byId("batches-none");
    none.hidden = Boolean(shown);
    if (search.value.trim()) none.textContent = "No batch has these words.";
    byId("more").hidden = !next;
    if (!before && !query.get("q")) byId("new-batch").disabled = told.batches.some((batch) => batch.is_open);
    showTimes();
  } catch {
    // The next look tries again.
  }
}

function showSets() {
  const game = byId("new-game").value;
  const names = [...new Set(game ? start.games[game] : Object.values(start.games).flat())].sort();
  byId("sets").replaceChildren(...names.map((name) => {
    const label = document.createElement("label");
    label.className = "check";
    const box = document.createElement("input");
    box.type = "checkbox";
    box.value = name;
    label.append(box, name);
    return label;
  }));
  showCount();
}

const chosen = () => [...byId("sets").querySelectorAll(":checked")].map((box) => box.value);

function showCount() {
  const count = chosen().length;
  byId("limit-count").textContent = count ? `(${count} chosen)` : "(any)";
}

byId("sets").addEventListener("change", showCount);
byId("new-game").addEventListener("change", showSets);
byId("set-filter").addEventListener("input", () => {
  const words = byId("set-filter").value.toLowerCase();
  for (const label of byId("sets").children) {
    label.hidden = !label.textContent.toLowerCase().includes(words) && !label.firstChild.checked;
  }
});
// Enter in the filter must not start the batch.
byId("set-filter").addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });

byId("new-batch").addEventListener("click", () => {
  byId("new-dialog").showModal();
  byId("new-name").select();
});
byId("new-form").addEventListener("submit", async () => {
  const fields = Object.fromEntries(new FormData(byId("new-form")));
  const told = await send("POST", "/api/live/commands", {
    ...fields, kind: "start", expected_cards: Number(fields.expected_cards), sets: chosen(),
  });
  if (told) location.assign("/");
});
closeDialogs();
search.addEventListener("input", () => read());
byId("more").addEventListener("click", () => read(next));

showSets();
showTimes();
setInterval(() => { if (!document.hidden) read(); }, NEWS_MS);
