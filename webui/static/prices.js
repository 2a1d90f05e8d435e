// The Prices page: search a printing, keep it on the watchlist, follow what moves.

import { byId, closeDialogs, send, showLink } from "/static/shared.js";
import { listenToSearch, openSearch } from "/static/review_search.js";
import { follow } from "/static/stream.js";

const start = JSON.parse(byId("start-data").textContent);
const lists = byId("lists");
const watch = byId("watch");

let newest = start.price ?? 0;
let asked = 0;

closeDialogs();
byId("search-open").addEventListener("click", openSearch);
listenToSearch((hit) => location.assign(`/prices/${encodeURIComponent(hit.game)}/${encodeURIComponent(hit.card_id)}`));

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, dialog")) return;
  openSearch();
  event.preventDefault();
});

if (watch) {
  watch.addEventListener("click", async () => {
    const on = watch.getAttribute("aria-pressed") !== "true";
    const done = await send("POST", "/api/prices/watch", { card_id: start.card_id, on });
    if (!done) return;
    watch.setAttribute("aria-pressed", String(done.on));
    watch.querySelector("span").textContent = done.on ? "On the watchlist" : "Watch";
  });
}

async function refresh() {
  const mine = ++asked;
  try {
    const answer = await fetch(`/api/prices?html=true&span=${lists.dataset.span}`);
    if (!answer.ok || mine !== asked) return;
    const told = await answer.json();
    if (mine !== asked || lists.contains(document.activeElement)) return;
    newest = told.newest_price;
    lists.innerHTML = told.html;
  } catch {
    // Without the scanner there is no news; the next state brings it.
  }
}

if (lists) {
  follow(String(start.newest), (event, data) => {
    const state = event === "state" ? data : event === "snapshot" ? data.state : null;
    if (state?.newest_price && state.newest_price !== newest) refresh();
  }, showLink);
}
