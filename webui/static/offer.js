// The Offer page: it grows while the batch runs; amounts are changed by hand; it ends one way.

import { byId, send } from "./shared.js";

const main = document.querySelector("main");
const batch = Number(main.dataset.batch ?? 0);
const currency = main.dataset.currency;
const dialog = byId("change-dialog");
const ASK_AFTER_MS = 3000;

let shown = "";
let scans = [];
let was = { finish: "", condition: "" };

// Who has come to a button by key stays on it.
function show(html) {
  const focused = document.activeElement?.dataset?.change;
  byId("offer-body").innerHTML = html;
  shown = html; // compared with what was sent: the browser writes it otherwise
  if (focused) document.querySelector(`[data-change="${CSS.escape(focused)}"]`)?.focus();
}

async function refresh() {
  const answer = await fetch(`/api/offer?batch=${batch}&html=1`);
  if (!answer.ok) return null;
  const told = await answer.json();
  if (told.html !== shown) show(told.html);
  return told;
}

// While the batch runs, cards are added; once it has ended nothing changes by itself.
async function follow() {
  let goesOn = true;
  if (!document.hidden && !dialog.open) {
    const told = await refresh().catch(() => null);
    goesOn = told === null || told.is_open;
  }
  if (goesOn) setTimeout(follow, ASK_AFTER_MS);
}

const withCurrency = (text) => (/^[0-9.,\s]+$/.test(text) ? `${text.trim()} ${currency}` : text.trim());

async function say(what, body) {
  return send("POST", `/api/offer/${batch}/${what}`, { scans, ...body });
}

async function done(said) {
  if (!said) return;
  dialog.close();
  await refresh();
}

// What the card is comes first: it decides what the rules pay where no amount is given.
async function save() {
  const finish = byId("change-finish").value;
  const condition = byId("change-condition").value;
  const cash = byId("change-cash").value.trim();
  let said = true;
  if (finish !== was.finish || condition !== was.condition) said = await say("cards", { finish, condition });
  if (said && cash) said = await say("words", { kind: "price", cash: withCurrency(cash), credit: withCurrency(byId("change-credit").value || cash) });
  await done(said);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("close" in button.dataset) dialog.close();
  if ("outcome" in button.dataset) {
    if (await send("POST", `/api/offer/${batch}/outcome`, { outcome: button.dataset.outcome })) location.reload();
  }
  if ("change" in button.dataset) {
    scans = button.dataset.change.split(" ").map(Number);
    byId("change-title").textContent = button.dataset.title;
    was = { finish: button.dataset.finish, condition: button.dataset.condition };
    byId("change-finish").value = was.finish;
    byId("change-condition").value = was.condition;
    byId("change-what").hidden = !button.dataset.known;
    byId("change-cash").value = "";
    byId("change-credit").value = "";
    byId("change-back").hidden = !button.dataset.byHand;
    dialog.showModal();
  }
});

byId("change-form").addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
byId("change-skip").addEventListener("click", async () => done(await say("words", { kind: "skip" })));
byId("change-back").addEventListener("click", async () => done(await say("words", { kind: "undone" })));
byId("print")?.addEventListener("click", () => window.print());
byId("offer-batch")?.addEventListener("change", (event) => location.assign(`/offer/${event.target.value}`));

if (main.dataset.open) setTimeout(follow, ASK_AFTER_MS);
