// Start, pause, resume, stop: buttons, dialogs and keys. The machine answers between cards.

import { byId, closeDialogs, outcomeOf, send as sendToPage, shortcutSwitch, toast } from "./shared.js";

const controls = byId("controls");
const buttons = new Map([...controls.querySelectorAll("[data-command]")]
  .map((button) => [button.dataset.command, button]));
const ASKED_WORDS = { start: "Starting…", pause: "Pausing…", resume: "Resuming…", stop: "Stopping…" };
const WORDS = { start: "Start", pause: "Pause", resume: "Resume", stop: "Stop" };

let state = null;
let connected = true;
let sending = null; // the command on its way to the server

export function showControls(newState) {
  state = newState;
  const can = state.machine.can;
  const waiting = sending ?? state.waiting.at(-1)?.kind ?? null;
  const main = ["start", "pause", "resume"];
  const visible = main.find((kind) => can.includes(kind))
    ?? main.find((kind) => !buttons.get(kind).hidden) ?? "start";
  for (const [kind, button] of buttons) {
    const busy = waiting === kind;
    if (main.includes(kind)) hide(button, kind !== (main.includes(waiting) ? waiting : visible));
    button.disabled = !connected || state.feed_silent || Boolean(waiting) || !can.includes(kind);
    button.setAttribute("aria-busy", String(busy));
    button.querySelector(".button-word").textContent = busy ? ASKED_WORDS[kind] : WORDS[kind];
  }
}

// What is pressed without a connection would not arrive.
export function allowControls(isConnected) {
  if (isConnected === connected) return;
  connected = isConnected;
  showControls(state);
}

// Hiding the button that has the focus would lose the keyboard's place.
function hide(button, hidden) {
  const hadFocus = document.activeElement === button;
  button.hidden = hidden;
  if (hidden && hadFocus) byId("main").focus();
}

async function send(kind, argument = {}) {
  if (sending) return;
  sending = kind;
  showControls(state);
  try {
    const told = await sendToPage("POST", "/api/live/commands", { kind, ...argument });
    if (told) sayOutcome(told.id);
  } finally {
    sending = null;
    showControls(state);
  }
}

// The page shows what the machine made of a command only where it did not simply obey.
async function sayOutcome(id) {
  const outcome = await outcomeOf(id);
  if (outcome && outcome !== "done") toast(outcome);
}

function press(kind) {
  const button = buttons.get(kind);
  if (button.hidden || button.disabled) return false;
  if (kind === "start") {
    byId("start-dialog").showModal();
    byId("start-name").select();
  } else if (kind === "stop") {
    const cards = state.batch ? state.batch.cards : 0;
    byId("stop-count").textContent = cards
      ? `The ${cards === 1 ? "card" : `${cards.toLocaleString("en")} cards`} already logged stay logged.` : "";
    byId("stop-dialog").showModal();
  } else {
    send(kind);
  }
  return true;
}

for (const [kind, button] of buttons) button.addEventListener("click", () => press(kind));
byId("keys-open").addEventListener("click", () => byId("keys-dialog").showModal());
byId("start-form").addEventListener("submit", () => {
  const fields = new FormData(byId("start-form"));
  send("start", { name: fields.get("name").trim(), expected_cards: Number(fields.get("expected_cards")), mode: fields.get("mode") });
  byId("start-expected").value = "";
});
byId("stop-form").addEventListener("submit", () => send("stop"));
closeDialogs();

const keysOn = shortcutSwitch();

// `moves` maps further keys to what they do.
export function listenToKeys(moves) {
  const keys = {
    " ": () => press("pause") || press("resume"),
    s: () => press("start"),
    x: () => press("stop"),
    "?": () => byId("keys-dialog").showModal(),
    ...moves,
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || !keysOn.checked || event.repeat && event.key.length === 1) return;
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, select, textarea, a, summary")) return;
    // A focused button keeps its own Space, except in the list, where Enter chooses.
    if (event.key === " " && event.target.closest("button") && !event.target.closest(".rows")) return;
    event.preventDefault();
    act();
  });
}
