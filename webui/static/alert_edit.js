// The editor of one alert rule: which cards, what must happen, what lamp and buzzer say.

import { byId, send, token } from "/static/shared.js";
import { buildGroup, readMoney, shownMoney, useVocabulary } from "/static/rules_condition.js";

const start = JSON.parse(byId("start-data").textContent);
const TELL_AFTER_MS = 350;

let unsaved = false;
let timer = 0;
let asked = 0;

useVocabulary({ ...start, fields: start.fields.filter((field) => !["alert", "alerts"].includes(field.name)) });
const condition = buildGroup(start.rule.cards);
byId("cards").append(condition);
byId("amount").value = shownMoney(start.rule.amount || `20.00 ${start.currency}`, start.currency);

// What choosing where the rule holds means for the other scanners.
function tellWhere() {
  if (!byId("for-all")) return;
  const all = byId("for-all").value === "all";
  byId("for-all-told").textContent = all
    ? "Every scanner of the shop gets it, and may change it. A list means the lists of this name of all scanners together."
    : start.key
      ? "The other scanners lose this alert."
      : "";
}

function showCause() {
  const cause = byId("cause").value;
  for (const part of document.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(cause);
  }
}

function read() {
  const cause = byId("cause").value;
  const rule = {
    name: byId("name").value,
    cards: condition.readPart(),
    cause,
    only_scanned: byId("only-scanned").checked,
    colour: byId("colour").value,
    beeps: Number(byId("beeps").value),
    on: byId("on").checked,
  };
  if (["above", "below"].includes(cause)) rule.amount = readMoney(byId("amount").value, start.currency);
  if (["changed", "disagree"].includes(cause)) rule.percent = Number(byId("percent").value);
  if (cause === "changed") Object.assign(rule, { days: Number(byId("days").value), direction: byId("direction").value });
  return rule;
}

// Asks for the rule in plain English; what is half typed is no reason for a message.
async function tellWords() {
  const mine = ++asked;
  try {
    const answer = await fetch("/api/alerts/rules/words", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...token() },
      body: JSON.stringify({ rule: read() }),
    });
    const told = await answer.json();
    if (mine !== asked) return;
    byId("words").textContent = answer.ok ? told.words : "";
    byId("edit-said").textContent = answer.ok ? "" : told.error;
    byId("edit-said").hidden = answer.ok;
  } catch {
    // Without the scanner there are no words; saving says so aloud.
  }
}

function touched() {
  unsaved = true;
  showCause();
  tellWhere();
  clearTimeout(timer);
  timer = setTimeout(tellWords, TELL_AFTER_MS);
}

document.querySelector("main").addEventListener("input", touched);
document.querySelector("main").addEventListener("change", touched);
showCause();
tellWhere();
tellWords();

byId("save").addEventListener("click", async () => {
  const save = byId("save");
  save.setAttribute("aria-busy", "true");
  const done = await send("POST", "/api/alerts/rules", {
    rule: read(),
    was_called: start.was_called,
    key: start.key,
    for_all: byId("for-all")?.value === "all",
  });
  save.removeAttribute("aria-busy");
  if (!done) return;
  unsaved = false;
  location.assign("/alerts");
});

addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
