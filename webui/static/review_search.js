// Type-ahead over the whole catalog: a list that follows each key, chosen by key or tap.

import { byId } from "./shared.js";

const input = byId("search");
const list = byId("found");
const dialog = byId("search-dialog");
const HINT = byId("found-none").textContent;

let hits = [];
let chosen = 0;
let shownFor = ""; // what was typed when the list was made
let entered = false; // Enter was pressed before the list for what was typed had come
let asked = 0; // answers come in any order: only the newest question's counts
let choose = () => {};

export function openSearch() {
  input.value = "";
  showHits([], "");
  dialog.showModal();
  input.focus();
}

export function listenToSearch(onChoice) {
  choose = onChoice;
}

async function ask() {
  const typed = input.value.trim();
  entered = false;
  asked += 1;
  const question = asked;
  if (!typed) {
    showHits([], "");
    return;
  }
  try {
    const answer = await fetch(`/api/catalog/search?${new URLSearchParams({ q: typed })}`);
    const told = await answer.json();
    if (question !== asked) return;
    showHits(answer.ok ? told.found : [], answer.ok ? typed : "", told.error);
  } catch {
    if (question === asked) showHits([], "", "The scanner could not be reached. Try again.");
  }
}

function showHits(found, typed, problem = "") {
  hits = found;
  shownFor = typed;
  chosen = 0;
  list.replaceChildren(...found.map(row));
  const none = byId("found-none");
  none.hidden = Boolean(found.length);
  none.textContent = problem || (typed ? `No card in the catalog has “${typed}”.` : HINT);
  list.scrollTop = 0;
  mark();
  if (entered) take(0);
  entered = false;
}

function row(hit, place) {
  const item = document.createElement("li");
  item.className = "hit";
  item.id = `hit-${place}`;
  item.role = "option";
  const frame = document.createElement("span");
  frame.className = "crop";
  if (hit.picture) {
    const picture = document.createElement("img");
    picture.src = hit.picture;
    picture.alt = "";
    picture.loading = "lazy";
    frame.append(picture);
  }
  const edition = [hit.set, hit.number, hit.variant].filter(Boolean).join(" · ");
  item.append(frame, text("hit-name", hit.name), text("hit-edition", edition), text("hit-price", hit.price));
  item.addEventListener("click", () => take(place));
  return item;
}

function text(name, words) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = words;
  return span;
}

function mark() {
  input.setAttribute("aria-expanded", String(hits.length > 0));
  for (const [place, item] of [...list.children].entries()) {
    item.setAttribute("aria-selected", String(place === chosen));
  }
  if (hits.length) input.setAttribute("aria-activedescendant", `hit-${chosen}`);
  else input.removeAttribute("aria-activedescendant");
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
}

function take(place) {
  const hit = hits[place];
  if (!hit) return;
  dialog.close();
  choose(hit);
}

input.addEventListener("input", ask);
input.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    chosen = Math.max(0, Math.min(hits.length - 1, chosen + step));
    mark();
  } else if (event.key === "Enter") {
    if (shownFor === input.value.trim()) take(chosen);
    else entered = true;
  } else {
    return;
  }
  event.preventDefault();
});
