// The editor of one alert rule: which cards, what must happen, what lamp and buzzer say.

import { byId, el, send, toast, token } from "/static/shared.js";
import { follow } from "/static/stream.js";
import { buildGroup, readMoney, shownMoney, useVocabulary } from "/static/rules_condition.js";

const start = JSON.parse(byId("start-data").textContent);
const TELL_AFTER_MS = 350;

let unsaved = false;
let timer = 0;
let asked = 0;
let kept = null; // how the rules stood when the words were last asked for
let isSaving = false;
let changed = null; // what somebody else has made of this rule meanwhile

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

// A rule may be about an amount in another currency than the shop's own: then the field names it.
function tellCurrency() {
  const names = /\d\s*[a-z]{3}\s*$/i.test(byId("amount").value);
  document.querySelector('label[for="amount"]').textContent = names ? "Amount" : `Amount in ${start.currency}`;
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

// The rule with where it stood when this page took it up.
const sent = () => ({
  rule: read(),
  was_called: start.was_called,
  key: start.key,
  for_all: byId("for-all") ? byId("for-all").value === "all" : Boolean(start.key),
  based_on: start.version,
});

// What somebody else made of the rule, beside what stands here; what was typed stays.
function showChanged(told) {
  if (told && !changed && !isSaving) toast(told.said);
  changed = told;
  byId("changed").hidden = !told;
  if (!told) return;
  const isGone = !told.version;
  const said = `${told.said} What you have typed is not saved.`;
  if (byId("changed-said").textContent !== said) byId("changed-said").textContent = said;
  const at = told.changed_at ? new Date(told.changed_at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "";
  const same = !isGone && !told.differences.length ? "It now says what yours says." : "";
  byId("changed-at").textContent = [at && `${isGone ? "Removed" : "Changed"} ${at}.`, same].filter(Boolean).join(" ");
  byId("changed-rows").replaceChildren(...told.differences.map(({ what, there, yours }) => {
    const head = el("th", "", what);
    head.scope = "row";
    return el("tr", "", head, el("td", "", there), el("td", "", yours));
  }));
  byId("changed").querySelector(".table-box").hidden = !told.differences.length;
  byId("take-mine").textContent = isGone ? "Save mine as a new alert" : "Save mine in its place";
  byId("take-theirs").textContent = isGone ? "Leave it removed" : "Take what is there";
  const which = start.key ? `key=${start.key}` : `name=${encodeURIComponent(start.was_called)}`;
  byId("take-theirs").href = isGone ? "/alerts" : `/alerts/edit?${which}`;
}

// Asks for the rule in plain English; what is half typed is no reason for a message.
async function tellWords() {
  const mine = ++asked;
  try {
    const answer = await fetch("/api/alerts/rules/words", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...token() },
      body: JSON.stringify(sent()),
    });
    const told = await answer.json();
    if (mine !== asked) return;
    if (answer.ok) showChanged(told.changed);
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
  tellCurrency();
  tellWhere();
  clearTimeout(timer);
  timer = setTimeout(tellWords, TELL_AFTER_MS);
}

document.querySelector("main").addEventListener("input", touched);
document.querySelector("main").addEventListener("change", touched);
showCause();
tellCurrency();
tellWhere();
tellWords();

async function save() {
  const button = byId("save");
  let why = "";
  button.setAttribute("aria-busy", "true");
  isSaving = true;
  const done = await send("POST", "/api/alerts/rules", sent(), (text) => { why = text; });
  if (!done) await tellWords();
  isSaving = false;
  button.removeAttribute("aria-busy");
  if (done) {
    unsaved = false;
    location.assign("/alerts");
    return;
  }
  if (!changed) {
    toast(why);
    return;
  }
  byId("changed").focus({ preventScroll: true });
  byId("changed").scrollIntoView({ block: "center" });
}

byId("save").addEventListener("click", save);
byId("take-mine").addEventListener("click", () => {
  start.version = changed.version;
  if (!changed.version) start.key = start.was_called = "";
  save();
});
byId("take-theirs").addEventListener("click", () => { unsaved = false; });

if (start.version) {
  follow(String(start.newest), (event, data) => {
    const state = event === "state" ? data : event === "snapshot" ? data.state : null;
    if (!state?.alerts) return;
    if (kept !== null && state.alerts.kept !== kept) tellWords();
    kept = state.alerts.kept;
  }, () => {});
}

addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
