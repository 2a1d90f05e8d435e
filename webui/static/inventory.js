// The Inventory page: search and filters ask the scanner and the list follows; rows open to show
// where each copy lies.

import { byId, closeDialogs, dropLostPictures, fromHtml, send, toast } from "./shared.js";
import { choices, chooseAgain, forgetChoice, keepChoice, listenToChoices } from "./inventory_choose.js";
import { listenToConditions } from "./inventory_conditions.js";
import { listenToExport } from "./inventory_export.js";

const start = JSON.parse(byId("start-data").textContent);
const form = byId("filters");
const lines = byId("lines");
const PAGE = 60;
const MOST = 500;
const TYPING_MS = 180;
const NEWS_MS = 4000;

let shown = start.shown;
let edition = start.edition;
let newest = start.newest;
let totals = start.totals;
let saved = start.saved;
let asking = 0; // the newest question: an older answer that comes late is dropped
let typing = 0;

// What the form asks for, without what is empty.
export function wanted() {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    if (name !== "sort" && String(value).trim()) fields[name] = String(value).trim();
  }
  if (fields.when) fields.when = JSON.parse(fields.when);
  return fields;
}

function query(fields) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    words.set(name, typeof value === "object" ? JSON.stringify(value) : value);
  }
  return words;
}

const count = (number) => number.toLocaleString("en");

function showSums() {
  if (!totals || !byId("copies")) return;
  byId("copies").textContent = count(totals.copies);
  byId("copies-word").textContent = totals.copies === 1 ? "card" : "cards";
  byId("lines-count").textContent = count(totals.lines);
  byId("value").textContent = totals.value;
  byId("unpriced").textContent = totals.unpriced ? ` · ${count(totals.unpriced)} without a price` : "";
}

function showFilters() {
  const fields = wanted();
  const behind = Object.keys(fields).filter((name) => name !== "text");
  byId("filter-count").hidden = !behind.length;
  byId("filter-count").textContent = behind.length;
  const here = query(fields).toString();
  for (const folder of byId("folders").querySelectorAll(".folder")) {
    const own = query(Object.fromEntries(new URLSearchParams(folder.search))).toString();
    const is = new URLSearchParams(own).size === new URLSearchParams(here).size
      && [...new URLSearchParams(own)].every(([name, value]) => new URLSearchParams(here).get(name) === value);
    if (is) folder.setAttribute("aria-current", "true");
    else folder.removeAttribute("aria-current");
  }
}

// `keep` draws the list anew with what is chosen and unfolded as it is.
async function ask(offset, keep = false) {
  asking += 1;
  const mine = asking;
  const words = query(wanted());
  words.set("sort", byId("sort").value);
  if (!offset) history.replaceState(null, "", `/inventory?${words}`);
  words.set("offset", offset);
  words.set("limit", keep ? Math.min(MOST, Math.max(PAGE, shown)) : PAGE);
  words.set("html", "1");
  try {
    const answer = await fetch(`/api/inventory?${words}`);
    const told = await answer.json();
    if (mine !== asking) return;
    if (!answer.ok) toast(told.error);
    else show(told, offset, keep);
  } catch {
    toast("The scanner could not be reached. Try again when it is connected.");
  }
}

function show(told, offset, keep) {
  if (offset && told.edition !== edition) {
    ask(0); // the list was made anew meanwhile: what is shown has other numbers
    return;
  }
  const kept = keep && told.edition === edition ? keepChoice() : null;
  ({ edition, newest, totals } = told);
  byId("news").hidden = true;
  if (offset) lines.append(fromHtml(told.html));
  else {
    lines.replaceChildren(fromHtml(told.html));
    if (kept) chooseAgain(kept, unfold);
    else forgetChoice();
    charts();
  }
  shown = offset + told.lines.length;
  lines.hidden = !shown;
  byId("nothing").hidden = Boolean(shown);
  byId("more").hidden = !told.more;
  showSums();
  showFilters();
  choices();
}

// Cards that come meanwhile are announced, and shown when somebody wants to see them.
async function lookForNews() {
  if (document.hidden || !totals) return;
  const before = asking;
  const words = query(wanted());
  words.set("limit", "1");
  try {
    const answer = await fetch(`/api/inventory?${words}`);
    if (!answer.ok) return;
    const told = await answer.json();
    if (before !== asking) return; // another list is on its way
    const more = told.totals.copies - totals.copies;
    const same = !more && told.totals.lines === totals.lines && told.edition === edition;
    byId("news").hidden = same;
    byId("news-words").textContent = more > 0 ? `${count(more)} new ${more === 1 ? "card" : "cards"}` : "The list has changed";
  } catch {
    // The next look tries again.
  }
}

async function charts() {
  const words = query(wanted());
  words.set("html", "1");
  try {
    const answer = await fetch(`/api/inventory/value?${words}`);
    if (answer.ok) byId("value-charts").replaceChildren(fromHtml((await answer.json()).html));
  } catch {
    // A toast has said already that there is no connection.
  }
}

async function unfold(line) {
  const button = line.querySelector(".line-button");
  const box = line.querySelector(".line-copies");
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  box.hidden = open;
  if (open || box.querySelector(".copies, .looking")) return;
  const looking = document.createElement("p");
  looking.className = "looking";
  looking.textContent = "Looking…";
  box.append(looking);
  const words = query(wanted());
  words.set("html", "1");
  try {
    const answer = await fetch(`/api/inventory/lines/${line.dataset.line}?${words}`);
    const told = await answer.json();
    looking.replaceWith(answer.ok ? fromHtml(told.html) : told.error);
  } catch {
    looking.remove();
    toast("The scanner could not be reached. Try again when it is connected.");
  }
}

lines.addEventListener("click", (event) => {
  const button = event.target.closest(".line-button");
  if (button) unfold(button.closest(".line"));
});
byId("more").addEventListener("click", () => ask(shown));
byId("news-show").addEventListener("click", () => ask(0, true));
byId("sort").addEventListener("change", () => ask(0));
form.addEventListener("submit", (event) => { event.preventDefault(); ask(0); });
form.addEventListener("input", (event) => {
  if (event.target.name === "sort" || event.target.id === "choose-shown") return;
  if (event.target.closest(".conditions")) return; // asked by its own button, once it is complete
  clearTimeout(typing);
  typing = setTimeout(() => ask(0), event.target.matches("input:not([type=checkbox])") ? TYPING_MS : 0);
});
byId("filter-open").addEventListener("click", () => {
  const panel = byId("filter-panel");
  panel.hidden = !panel.hidden;
  byId("filter-open").setAttribute("aria-expanded", String(!panel.hidden));
  if (!panel.hidden) panel.querySelector("select").focus();
});
byId("filter-clear").addEventListener("click", (event) => {
  event.preventDefault();
  location.assign("/inventory");
});

byId("filter-save").addEventListener("click", () => {
  if (!Object.keys(wanted()).length) toast("Choose what to filter by, then save it.");
  else byId("save-dialog").showModal();
});
byId("save-form").addEventListener("submit", async () => {
  const told = await send("POST", "/api/inventory/filters", { name: byId("save-name").value, filter: wanted() });
  if (told) location.reload();
});
byId("save-form").addEventListener("click", async (event) => {
  const name = event.target.dataset?.forget;
  if (name === undefined) return;
  const told = await send("POST", "/api/inventory/filters/remove", { name });
  if (told) location.reload();
});
byId("changes").addEventListener("click", async (event) => {
  const change = event.target.dataset?.undo;
  if (change === undefined) return;
  if (await send("POST", `/api/inventory/edits/${change}/undo`)) location.reload();
});
closeDialogs();
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, select, textarea, dialog")) return;
  event.preventDefault();
  byId("search").focus();
});
dropLostPictures();

listenToChoices({
  wanted,
  total: () => totals,
  shown: () => shown,
  of: () => ({ edition, up_to: newest }),
  done: () => location.reload(),
});
listenToConditions(start, () => ask(0));
listenToExport({ wanted, folders: () => saved });
showFilters();
charts();
setInterval(lookForNews, NEWS_MS);
