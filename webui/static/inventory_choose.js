// Choosing lines or single copies, and saying the same of all that is chosen.

import { byId, send, toast } from "./shared.js";

const lines = byId("lines");
const bar = byId("chosen");
let page = null; // what the list knows: the filter, its totals, the edition
let every = false; // all that the filter finds, not only what is shown

const picked = (kind) => [...lines.querySelectorAll(`.${kind}-pick input:checked`)];

// A copy counts by itself only where its whole line is not chosen.
function single() {
  return picked("copy").filter((box) => !box.closest(".line").querySelector(".line-pick input").checked);
}

function chosenCards() {
  if (every) return page.total().copies;
  const whole = picked("line").reduce((sum, box) => sum + Number(box.closest(".line").dataset.quantity), 0);
  return whole + single().length;
}

const words = (number) => `${number.toLocaleString("en")} ${number === 1 ? "card" : "cards"}`;

export function choices() {
  const number = chosenCards();
  bar.hidden = !number;
  document.body.classList.toggle("choosing", Boolean(number));
  byId("remove-open").textContent = page?.wanted().removed ? "Put back" : "Remove";
  byId("chosen-count").textContent = `${words(number)} chosen`;
  for (const span of document.querySelectorAll(".chosen-words")) span.textContent = words(number);
  const all = lines.querySelectorAll(".line").length;
  const whole = picked("line").length;
  byId("choose-shown").checked = Boolean(all) && whole === all;
  byId("choose-shown").indeterminate = whole > 0 && whole < all;
  const total = page?.total();
  byId("choose-every").hidden = every || !total || whole < all || total.lines <= all;
  if (total) byId("choose-every").textContent = `Choose all ${words(total.copies)}`;
  for (const box of picked("line")) box.closest(".line").classList.add("line-chosen");
  for (const box of lines.querySelectorAll(".line-pick input:not(:checked)")) {
    box.closest(".line").classList.remove("line-chosen");
  }
}

export function forgetChoice() {
  every = false;
  for (const box of lines.querySelectorAll("input:checked")) box.checked = false;
  choices();
}

// What is chosen, to be chosen again once the list is drawn anew.
export function keepChoice() {
  const kept = { every, lines: picked("line").map((box) => box.value), scans: picked("copy").map((box) => box.value) };
  kept.open = [...lines.querySelectorAll('.line-button[aria-expanded="true"]')].map((button) => button.closest(".line").dataset.line);
  return kept;
}

const tick = (kind, values) => {
  for (const box of lines.querySelectorAll(`.${kind}-pick input`)) box.checked ||= values.includes(box.value);
};

export async function chooseAgain(kept, unfold) {
  every = kept.every;
  tick("line", kept.lines);
  choices();
  const open = [...lines.children].filter((line) => kept.open.includes(line.dataset.line));
  await Promise.all(open.map(unfold));
  tick("copy", kept.scans);
  choices();
}

// What the scanner is told: everything of the filter, or these lines, and then these copies.
function meant() {
  const filter = page.wanted();
  const { edition, up_to } = page.of();
  if (every) return { filter, up_to };
  return {
    filter,
    edition,
    up_to,
    lines: picked("line").map((box) => Number(box.value)),
    scans: single().map((box) => Number(box.value)),
  };
}

async function say(edit) {
  const told = await send("POST", "/api/inventory/edits", { ...edit, ...meant() });
  if (told) {
    sessionStorage.setItem("counterscan-said", `${words(told.cards)}: ${told.summary}. It can be undone below the list.`);
    page.done();
  }
}

export function listenToChoices(list) {
  page = list;
  const said = sessionStorage.getItem("counterscan-said");
  sessionStorage.removeItem("counterscan-said");
  if (said) toast(said);
  // Who was quicker than this file keeps what is ticked.
  if (byId("choose-shown").checked) {
    for (const box of lines.querySelectorAll(".line-pick input")) box.checked = true;
  }
  choices();
}

lines.addEventListener("change", () => { every = false; choices(); });
byId("choose-shown").addEventListener("change", (event) => {
  every = false;
  for (const box of lines.querySelectorAll(".line-pick input")) box.checked = event.target.checked;
  choices();
});
byId("choose-every").addEventListener("click", () => { every = true; choices(); });
byId("choose-none").addEventListener("click", forgetChoice);
byId("change-open").addEventListener("click", () => byId("change-dialog").showModal());
byId("remove-open").addEventListener("click", () => {
  if (page.wanted().removed) say({ removed: "" });
  else byId("remove-dialog").showModal();
});
byId("change-form").addEventListener("submit", () => {
  const edit = {};
  for (const [name, value] of new FormData(byId("change-form"))) {
    if (String(value).trim()) edit[name] = String(value).trim();
  }
  if (byId("clear-location").checked) edit.location = "";
  if (Object.keys(edit).length) say(edit);
  else toast("Nothing was changed: every field was left as it is.");
});
byId("clear-location").addEventListener("change", (event) => {
  byId("new-location").disabled = event.target.checked;
});
byId("remove-form").addEventListener("submit", () => {
  say({ removed: new FormData(byId("remove-form")).get("removed") });
});
