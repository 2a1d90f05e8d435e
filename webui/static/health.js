// The Health page is drawn by the server; it is fetched anew now and then while somebody looks, and
// oftener while an update is under way.

import { byId, send, showTimes, toast } from "./shared.js";

const EVERY_MS = 10000;
const BUSY_EVERY_MS = 1500;
const BUSY = ["asked", "fetching", "trying"];

const updates = () => [...document.querySelectorAll(".update")];
const isBusy = (one) => BUSY.includes(one.dataset.state);

// What was under way and is so no longer is told once, wherever the reader is on the page.
function tellWhatCame(before) {
  for (const one of updates()) {
    const was = before.get(one.dataset.target);
    if (was && BUSY.includes(was) && !isBusy(one)) toast(one.dataset.word);
  }
}

const states = () => new Map(updates().map((one) => [one.dataset.target, one.dataset.state]));

async function again() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const before = states();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = document.activeElement;
    const link = focused?.getAttribute("href");
    const target = focused?.closest?.(".update")?.dataset.target;
    byId("main").replaceChildren(...fresh.getElementById("main").childNodes);
    if (link) document.querySelector(`#main a[href="${CSS.escape(link)}"]`)?.focus();
    else if (target) document.querySelector(`.update[data-target="${CSS.escape(target)}"] [data-take]`)?.focus();
    showTimes();
    tellWhatCame(before);
  } catch {
    // Without a connection the last figures stay.
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-take]");
  if (!button) return;
  const one = button.closest(".update");
  button.disabled = true;
  const told = await send("POST", "/api/updates/take", { target: one.dataset.target, version: one.dataset.version });
  if (told) byId("updates-title").focus();
  await again();
});

showTimes();
setInterval(again, EVERY_MS);
setInterval(() => { if (updates().some(isBusy)) again(); }, BUSY_EVERY_MS);
