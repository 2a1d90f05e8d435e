// The last card and the running list. The rows and cards come ready-made from the scanner.

import { byId, dropLostPictures, fromHtml } from "./shared.js";

const rows = byId("rows");
const last = byId("last");
const newestButton = byId("newest");
const LIST_LENGTH = 60;
const SAY_EVERY_MS = 2500; // a screen reader can't keep up with a card a second

let newest = { id: 0, card: "" };
let chosen = 0; // the scan that is looked at, 0 for "always the newest"
let saidAt = -SAY_EVERY_MS;
let saying = 0;

export function showFirst(id) {
  newest = { id, card: last.innerHTML };
  settle();
}

export function showSnapshot(data) {
  rows.replaceChildren(fromHtml(data.rows));
  newest = { id: data.newest, card: data.card };
  // Who looks at an older card keeps it, if it is still in the list.
  choose(rows.querySelector(`[data-scan="${chosen}"]`) ? chosen : 0);
}

export function addScan({ scan, row, card }) {
  if (rows.querySelector(`[data-scan="${scan.id}"]`)) return; // told twice around a reconnect
  newest = { id: scan.id, card };
  const fresh = fromHtml(row);
  fresh.querySelector(".row").classList.add("row-new");
  // Whoever reads further down keeps the place. Elsewhere nothing is measured: that costs a layout.
  const before = rows.scrollTop > 8 ? rows.scrollHeight : 0;
  rows.prepend(fresh);
  if (before) rows.scrollTop += rows.scrollHeight - before;
  while (rows.children.length > LIST_LENGTH) rows.lastElementChild.remove();
  if (!chosen) show(card);
  settle();
  say();
}

function show(card) {
  last.replaceChildren(fromHtml(card));
}

function settle() {
  const any = Boolean(last.querySelector(".card"));
  last.hidden = !any;
  byId("empty").hidden = any;
  rows.hidden = !rows.children.length;
  byId("rows-order").hidden = !rows.children.length;
  byId("rows-none").hidden = Boolean(rows.children.length);
  newestButton.hidden = !chosen;
  byId("last-title").textContent = chosen
    ? `Card ${last.querySelector(".card")?.dataset.sequence ?? ""}` : "Last card";
  for (const row of rows.children) {
    const current = Number(row.dataset.scan) === (chosen || newest.id);
    row.querySelector("button").setAttribute("aria-current", String(current));
  }
}

function say() {
  clearTimeout(saying);
  saying = setTimeout(() => {
    saidAt = performance.now();
    byId("said").textContent = last.querySelector(".card")?.dataset.said ?? "";
  }, Math.max(0, saidAt + SAY_EVERY_MS - performance.now()));
}

async function choose(id) {
  chosen = id === newest.id ? 0 : id;
  if (!chosen) {
    show(newest.card);
    settle();
    return;
  }
  try {
    const answer = await fetch(`/api/live/scans/${id}`);
    if (!answer.ok || chosen !== id) return;
    show((await answer.json()).card);
    settle();
  } catch {
    // The banner already says that there is no connection.
  }
}

export const backToNewest = () => choose(0);

// Moves to the next older (+1) or newer (-1) card, with the focus on its row.
export function move(step) {
  const list = [...rows.children];
  const at = list.findIndex((row) => Number(row.dataset.scan) === (chosen || newest.id));
  const next = list[Math.max(0, Math.min(list.length - 1, at + step))];
  if (!next) return;
  next.querySelector("button").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  choose(Number(next.dataset.scan));
}

rows.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (row) choose(Number(row.dataset.scan));
});
newestButton.addEventListener("click", backToNewest);
dropLostPictures();
