// One batch: its stages and figures as they come, its pictures, and the count by hand.

import { byId, closeDialogs, dropLostPictures, el, fromHtml, send, showTimes } from "./shared.js";

const start = JSON.parse(byId("start-data").textContent);
const id = start.batch.id;
const gallery = byId("gallery");
const NEWS_MS = 1500;
const AT_ONCE = 60;

let next = start.next;
let decision = "";
let cards = start.batch.cards;

function show({ batch, reconciled }) {
  for (const node of document.querySelectorAll("[data-text]")) {
    const text = batch.text[node.dataset.text] ?? "";
    if (node.textContent !== text) node.textContent = text;
  }
  byId("pill").dataset.tone = batch.tone;
  byId("progress").hidden = batch.share === null || !batch.is_open;
  byId("progress").value = batch.share ?? 0;
  byId("one-progress").hidden = !batch.is_open;
  byId("controls").hidden = !batch.is_open;
  for (const button of byId("controls").children) button.hidden = !batch.can.includes(button.dataset.command);
  for (const step of batch.steps) {
    document.querySelector(`[data-step="${step.key}"]`).dataset.done = String(step.done);
  }
  byId("to-review").hidden = !batch.waiting;
  showCount(reconciled);
  if (batch.cards > cards) newest();
  cards = batch.cards;
}

function showCount(found) {
  const box = byId("reconciled");
  const key = JSON.stringify(found);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren();
  if (!found) return;
  box.append(el("p", found.difference ? "differs" : "agrees", found.says));
  if (!found.places.length) return;
  const places = el("ul", "places");
  for (const place of found.places) {
    const link = el("a", "", `Card ${place.sequence}`);
    link.href = `#card-${place.sequence}`;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      goTo(place.sequence);
    });
    places.append(el("li", "", link, `: ${place.why}`));
  }
  box.append(places);
}

async function goTo(sequence) {
  await choose("", sequence + 4);
  gallery.querySelector(`[data-sequence="${sequence}"] button`)?.focus();
}

async function read() {
  try {
    const answer = await fetch(`/api/batches/${id}`);
    if (answer.ok) show(await answer.json());
  } catch {
    // The next look tries again.
  }
}

async function scans(before, limit) {
  const query = new URLSearchParams({ html: 1, before, limit, decision });
  const answer = await fetch(`/api/batches/${id}/scans?${query}`);
  return answer.ok ? answer.json() : null;
}

async function newest() {
  const known = Number(gallery.firstElementChild?.dataset.sequence ?? 0);
  const told = await scans(0, AT_ONCE);
  if (!told) return;
  const shots = [...fromHtml(told.html).children];
  const later = shots.filter((shot) => Number(shot.dataset.sequence) > known);
  if (later.length === AT_ONCE) { // more came than one look tells: begin anew rather than leave a gap
    gallery.replaceChildren(...later);
    next = told.next;
    byId("more").hidden = !next;
  } else {
    gallery.prepend(...later);
  }
  byId("gallery-none").hidden = Boolean(gallery.children.length);
}

async function choose(wanted, before = 0) {
  decision = wanted;
  for (const chip of document.querySelectorAll(".chip")) {
    chip.setAttribute("aria-pressed", String(chip.dataset.decision === wanted));
  }
  const told = await scans(before, AT_ONCE);
  if (!told) return;
  gallery.innerHTML = told.html;
  next = told.next;
  byId("more").hidden = !next;
  byId("gallery-none").hidden = Boolean(gallery.children.length);
}

for (const chip of document.querySelectorAll(".chip")) {
  chip.addEventListener("click", () => choose(chip.dataset.decision));
}
byId("more").addEventListener("click", async () => {
  const told = await scans(next, AT_ONCE);
  if (!told) return;
  gallery.insertAdjacentHTML("beforeend", told.html);
  next = told.next;
  byId("more").hidden = !next;
});
gallery.addEventListener("click", async (event) => {
  const shot = event.target.closest(".shot");
  if (!shot) return;
  const answer = await fetch(`/api/live/scans/${shot.dataset.scan}`);
  if (!answer.ok) return;
  byId("card-shown").innerHTML = (await answer.json()).card;
  byId("card-name").href = `/review?scan=${shot.dataset.scan}`;
  byId("card-dialog").showModal();
});
for (const button of byId("controls").children) {
  button.addEventListener("click", () => {
    if (button.dataset.command === "stop") byId("stop-dialog").showModal();
    else send("POST", "/api/live/commands", { kind: button.dataset.command });
  });
}
byId("stop-form").addEventListener("submit", () => send("POST", "/api/live/commands", { kind: "stop" }));
byId("change-open").addEventListener("click", () => byId("change-dialog").showModal());
byId("change-form").addEventListener("submit", async () => {
  if (await send("PUT", `/api/batches/${id}`, Object.fromEntries(new FormData(byId("change-form"))))) location.reload();
});
byId("count-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = await send("POST", `/api/batches/${id}/count`, { cards: Number(byId("count").value) });
  if (told) show(told);
});
closeDialogs();
dropLostPictures();
showTimes();
showCount(start.reconciled);
setInterval(() => { if (!document.hidden) read(); }, NEWS_MS);
