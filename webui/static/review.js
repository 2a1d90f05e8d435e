// The Review page: one key or one tap names a card; the next one is there at once.

import { byId, closeDialogs, dropLostPictures, send, shortcutSwitch, toast } from "./shared.js";
import { listenToSearch, openSearch } from "./review_search.js";

const start = JSON.parse(byId("start-data").textContent);
const batch = new URLSearchParams(location.search).get("batch") ?? "";
const asked = byId("asked");
const FEW_LEFT = 6;
const AT_ONCE = 12;
const NEWS_MS = 4000;
const KEEP_UNDOING = 200;

let items = start.items;
let waiting = start.waiting;
const skipped = new Set();
const answered = new Set(); // named here; the queue may still list them for a moment
let named = start.undoable;
let reading = false;
let sending = Promise.resolve(); // one after another, so that an undo never overtakes its word

const current = () => items[0];

function show() {
  const item = current();
  asked.hidden = !item;
  byId("done").hidden = Boolean(item);
  for (const id of ["skip", "none", "search-open"]) byId(id).disabled = !item;
  byId("undo").disabled = !named.length;
  byId("waiting").textContent = waiting.toLocaleString("en");
  byId("waiting-word").textContent = waiting === 1 ? "card waits" : "cards wait";
  if (!item) {
    asked.replaceChildren();
    return;
  }
  if (asked.firstElementChild?.dataset.scan !== String(item.id)) {
    asked.innerHTML = item.html;
    byId("said").textContent = asked.firstElementChild.dataset.said;
    scrollTo({ top: 0 });
  }
  for (const next of items.slice(1, 3)) preload(next);
}

function preload(item) {
  for (const path of [item.crop, ...item.candidates.map((one) => one.picture)]) {
    if (path) new Image().src = path;
  }
}

function take(item) {
  items = items.filter((other) => other !== item);
  if (!item.again) waiting = Math.max(0, waiting - 1);
}

function inTurn(ask) {
  sending = sending.then(ask);
  return sending;
}

async function name(printing) {
  const item = current();
  if (!item) return;
  const body = { printing, again: Boolean(item.again) };
  for (const key of ["finish", "condition", "language"]) body[key] = byId(key).value;
  take(item);
  answered.add(item.id);
  named = [...named, item.id].slice(-KEEP_UNDOING);
  show();
  const told = await inTurn(() => send("POST", `/api/review/${item.id}`, body));
  if (!told) { // refused or not reached: a toast says why, and the card is asked again
    answered.delete(item.id);
    named = named.filter((id) => id !== item.id);
    await read();
  } else if (items.length < FEW_LEFT) {
    await read();
  }
}

function pick(place) {
  const one = current()?.candidates[place];
  if (one) name({ game: one.game, card_id: one.card_id });
}

function skip() {
  const item = current();
  if (!item) return;
  skipped.delete(item.id); // a second skip puts it last again
  skipped.add(item.id);
  items = [...items.slice(1), item];
  show();
  if (items.every((other) => skipped.has(other.id)) && waiting > items.length) read();
  if (items.length === 1) toast("This is the only card left.");
}

async function undo() {
  const id = named.at(-1);
  if (id === undefined) return;
  named = named.slice(0, -1);
  const told = await inTurn(() => send("POST", `/api/review/${id}/undo`));
  if (told) {
    answered.delete(id);
    skipped.delete(id);
    waiting += 1;
    items = [...told.items, ...items.filter((item) => item.id !== id)];
  }
  show();
}

// Reads the queue anew; the card in hand stays in hand.
async function read() {
  if (reading) return;
  reading = true;
  try {
    const query = new URLSearchParams({ html: 1, limit: AT_ONCE, skip: [...skipped].slice(-500).join() });
    if (batch) query.set("batch", batch);
    const answer = await fetch(`/api/review?${query}`);
    if (!answer.ok) return;
    const told = await answer.json();
    const fresh = told.items.filter((item) => !answered.has(item.id));
    // A card that somebody else has named meanwhile leaves the hand; one that was asked for stays.
    const inHand = fresh.find((item) => item.id === current()?.id)
      ?? (current()?.again || told.waiting > told.items.length ? current() : null);
    items = inHand ? [inHand, ...fresh.filter((item) => item.id !== inHand.id)] : fresh;
    waiting = told.waiting;
    byId("at-stake").textContent = told.at_stake ? ` · ${told.at_stake} at stake` : "";
    show();
  } catch {
    // The next look tries again; what a person does meanwhile says so by itself.
  } finally {
    reading = false;
  }
}

function cycle(id) {
  const select = byId(id);
  if (!select) return;
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  byId("said").textContent = `${id}: ${select.selectedOptions[0].textContent}`;
}

function zoom() {
  const picture = asked.querySelector(".ask-picture img");
  if (!picture) return;
  byId("zoomed").src = picture.src;
  byId("zoom-dialog").showModal();
}

asked.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pick]");
  if (button) pick(Number(button.dataset.pick));
  else if (event.target.closest("[data-zoom]")) zoom();
});
byId("undo").addEventListener("click", undo);
byId("skip").addEventListener("click", skip);
byId("none").addEventListener("click", () => name(null));
byId("search-open").addEventListener("click", openSearch);
byId("keys-open").addEventListener("click", () => byId("keys-dialog").showModal());
listenToSearch((hit) => name({ game: hit.game, card_id: hit.card_id }));

// After a click the keys are the page's again: Enter must take the first candidate.
document.addEventListener("click", (event) => {
  if (event.detail > 0) event.target.closest("button")?.blur();
});

closeDialogs();
dropLostPictures();

const keys = {
  Enter: () => pick(0),
  "/": openSearch,
  n: () => name(null),
  s: skip,
  u: undo,
  z: zoom,
  f: () => cycle("finish"),
  c: () => cycle("condition"),
  l: () => cycle("language"),
  "?": () => byId("keys-dialog").showModal(),
};
const keysOn = shortcutSwitch();

document.addEventListener("keydown", (event) => {
  if (!keysOn.checked || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (document.querySelector("dialog[open]") || event.target.closest("input, select, textarea")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "Enter" && event.target.closest("button, a, summary")) return;
  const act = /^[1-9]$/.test(key) ? () => pick(Number(key) - 1) : keys[key];
  if (!act) return;
  event.preventDefault();
  act();
});

show();
setInterval(() => { if (!document.hidden) read(); }, NEWS_MS);
