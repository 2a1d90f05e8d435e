// The editor of sort rules and of what the shop pays: rules in their order, tried and saved.

import { buildGroup, el, iconButton, useVocabulary } from "./rules_condition.js";
import { buyPart, sortPart } from "./rules_parts.js";
import { wireTry } from "./rules_try.js";
import { byId, send, token } from "./shared.js";

const start = JSON.parse(byId("start-data").textContent);
const buying = document.querySelector("main").dataset.kind === "buying";
const path = buying ? "/api/offer/rules" : "/api/rules";
const list = byId("rules");
const TELL_AFTER_MS = 350;

let unsaved = false;
let timer = 0;
let asked = 0;

useVocabulary(start);

function newRule() {
  const fresh = { name: `Rule ${list.children.length + 1}`, when: { all: [] }, on: true };
  return buying
    ? { ...fresh, buy: true, cash_percent: 40, credit_percent: 55, cash_each: "", credit_each: "" }
    : { ...fresh, bins: [1], each: null, when_full: "wait" };
}

function addRule(rule, isNew = false) {
  const item = el("li", { class: "panel rule-edit" });
  const name = el("input", { class: "field rule-name", value: rule.name, maxLength: 60, "aria-label": "Name of the rule", autocomplete: "off" });
  const on = el("input", { type: "checkbox", checked: rule.on ?? true });
  const condition = buildGroup(rule.when);
  const part = (buying ? buyPart : sortPart)(rule, start);
  const move = (step, label) => iconButton(step < 0 ? "up" : "down", label, (event) => {
    const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    if (step < 0) other.before(item);
    else other.after(item);
    event.currentTarget.focus();
    touched();
  });
  const head = el("div", { class: "rule-head" }, el("span", { class: "rule-number", "aria-hidden": "true" }), name,
    move(-1, "Earlier"), move(1, "Later"),
    iconButton("close", "Remove this rule", () => { item.remove(); touched(); }));
  const state = buying ? [] : [el("p", {}, el("label", { class: "tick" }, on, "This rule is on"))];
  const body = el("details", { class: "rule-body", open: isNew },
    el("summary", {}, el("span", { class: "words" })), condition, part.element, ...state);
  item.append(head, body);
  item.readRule = () => ({ name: name.value, when: condition.readPart(), ...part.read(), ...(buying ? {} : { on: on.checked }) });
  list.append(item);
  return item;
}

function readBins() {
  return [...document.querySelectorAll("#bins tr")].map((row) => {
    const [name, cards, copies] = row.querySelectorAll("input");
    return { number: Number(row.dataset.bin), name: name.value, most_cards: Number(cards.value), most_copies: Number(copies.value) };
  }).filter((bin) => bin.name || bin.most_cards || bin.most_copies);
}

function readSort(rules) {
  return {
    name: byId("set-name").value,
    rules,
    bins: readBins(),
    unidentified_bin: Number(byId("unidentified-bin").value),
    rest_bin: Number(byId("rest-bin").value),
    review: byId("review").value,
    unclear: byId("unclear").value,
  };
}

function readBuying(rules) {
  const factors = [...document.querySelectorAll("[data-factor]")].map((input) => [input.dataset.factor, Number(input.value)]);
  return {
    name: start.rules.name,
    rules,
    factors: Object.fromEntries(factors),
    assume_condition: byId("assume-condition").value,
    unknown_finish: byId("unknown-finish").value,
    round_to_minor: Number(byId("round-to").value),
  };
}

function read() {
  const rules = [...list.children].map((item) => item.readRule());
  return buying ? readBuying(rules) : readSort(rules);
}

// Shows what is wrong, and at which rule; an empty text clears it.
function say(text) {
  byId("edit-said").textContent = text;
  byId("edit-said").hidden = !text;
  const found = /^rules, no\. (\d+)/i.exec(text);
  [...list.children].forEach((item, place) => item.classList.toggle("rule-wrong", Boolean(found) && Number(found[1]) === place + 1));
}

// Asks for the rules in plain English; what is half typed is no reason for a message.
async function tellWords() {
  const mine = ++asked;
  try {
    const answer = await fetch(`${path}/words`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...token() },
      body: JSON.stringify({ rules: read() }),
    });
    const told = await answer.json();
    if (mine !== asked) return;
    [...list.children].forEach((item, place) => {
      const off = answer.ok && told.lines[place].on === false ? " (off)" : "";
      item.querySelector(".words").textContent = answer.ok ? told.lines[place].words + off : "Not complete yet";
    });
    say(answer.ok ? "" : told.error);
  } catch {
    // Without the scanner there are no words; saving says so aloud.
  }
}

function touched() {
  unsaved = true;
  clearTimeout(timer);
  timer = setTimeout(tellWords, TELL_AFTER_MS);
}

function addBin(number) {
  const kept = (start.rules.bins ?? []).find((bin) => bin.number === number) ?? { name: "", most_cards: 0, most_copies: 0 };
  const cell = (input) => el("td", {}, input);
  const figure = (label, value) => el("input", { class: "field", type: "number", min: 0, value, "aria-label": `${label} in bin ${number}` });
  byId("bins").append(el("tr", { "data-bin": number }, el("th", { scope: "row" }, el("span", { class: "bin", textContent: number })),
    cell(el("input", { class: "field", value: kept.name, maxLength: 60, "aria-label": `Name of bin ${number}` })),
    cell(figure("Most cards", kept.most_cards)), cell(figure("Most copies", kept.most_copies))));
}

for (const rule of start.rules.rules) addRule(rule, start.rules.rules.length === 1);
if (!buying) {
  const named = (start.rules.bins ?? []).map((bin) => bin.number);
  for (let number = 1; number <= Math.max(start.bins, ...named); number += 1) addBin(number);
}
tellWords();

document.querySelector("main").addEventListener("input", touched);
document.querySelector("main").addEventListener("change", touched);

byId("add-rule").addEventListener("click", () => {
  addRule(newRule(), true).querySelector(".rule-name").focus();
  touched();
});

byId("save").addEventListener("click", async () => {
  const save = byId("save");
  save.setAttribute("aria-busy", "true");
  const body = buying ? { rules: read() } : { rules: read(), was_called: start.was_called };
  const done = await send("POST", path, body);
  save.removeAttribute("aria-busy");
  if (!done) return;
  unsaved = false;
  location.assign(buying ? "/offer" : "/rules");
});

if (!buying) {
  wireTry(() => ({ rules: read() }));
  byId("try-open").addEventListener("click", () => byId("try-dialog").showModal());
  document.querySelector("[data-close]").addEventListener("click", () => byId("try-dialog").close());
}

addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
