// The Alerts page: shows alerts as they come, and acknowledges them by a tap or a key.

import { byId, closeDialogs, send, showLink, showTimes } from "/static/shared.js";
import { follow } from "/static/stream.js";

const start = JSON.parse(byId("start-data").textContent);
const list = byId("open");
const count = byId("count");

let seen = null; // how alerts stood when the list was last asked for
let asked = 0;
let kept = start.kept; // how rules and acknowledged alerts stood when they were last shown
let isReading = false;

// Rules and acknowledged alerts, as the page itself shows them to whoever has signed in.
async function showKept(mark) {
  if (isReading) return; // the next news tries again
  isReading = true;
  try {
    const answer = await fetch("/alerts", { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok || !page.getElementById("rules")) return;
    const focused = document.activeElement?.closest?.("#rules") ? document.activeElement.ariaLabel : null;
    for (const id of ["rules", "past", "none"]) byId(id).innerHTML = page.getElementById(id).innerHTML;
    if (focused !== null) {
      const same = [...byId("rules").querySelectorAll("[aria-label]")].find((item) => item.ariaLabel === focused);
      (same ?? byId("main")).focus();
    }
    showTimes();
    kept = mark;
  } catch {
    // Without the scanner there is no news; the next state brings it.
  } finally {
    isReading = false;
  }
}

async function refresh() {
  const mine = ++asked;
  try {
    const answer = await fetch("/api/alerts?html=true");
    if (!answer.ok || mine !== asked) return;
    const told = await answer.json();
    if (mine !== asked) return;
    const focused = list.querySelector(":focus-within, :focus")?.closest?.(".alert")?.dataset.keys;
    list.innerHTML = told.html;
    showTimes();
    if (focused !== undefined) (row(focused) ?? list.firstElementChild)?.focus();
    showCount(told.count, told.open.length);
  } catch {
    // Without the scanner there is no news; the next state brings it.
  }
}

function row(keys) {
  return [...list.children].find((item) => item.dataset.keys === keys);
}

function showCount(open, rows) {
  count.dataset.count = open;
  const words = `${open} open`;
  if (count.textContent !== words) count.textContent = words;
  byId("none").hidden = rows > 0;
  byId("close-all").hidden = rows < 2;
}

async function close(item) {
  const next = item.nextElementSibling ?? item.previousElementSibling;
  const keys = item.dataset.keys.split(" ");
  item.setAttribute("aria-busy", "true");
  const done = await send("POST", "/api/alerts/close", { keys });
  item.removeAttribute("aria-busy");
  if (!done || !item.isConnected) return; // or the list was read anew meanwhile
  item.remove();
  showCount(Math.max(0, Number(count.dataset.count) - keys.length), list.children.length);
  if (next?.isConnected) next.focus();
  else byId("main").focus();
}

closeDialogs();
showTimes();

if (list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-close]");
    if (button) close(button.closest(".alert"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const rows = [...list.children];
    const at = rows.indexOf(document.activeElement?.closest?.(".alert"));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))];
      if (!next) return;
      next.focus();
      event.preventDefault();
    } else if (event.key.toLowerCase() === "a" && rows.length) {
      close(rows[Math.max(0, at)]);
      event.preventDefault();
    }
  });
  byId("close-all").addEventListener("click", () => byId("all-dialog").showModal());
  byId("all-dialog").addEventListener("close", async () => {
    if (byId("all-dialog").returnValue !== "all") return;
    byId("all-dialog").returnValue = "";
    const keys = [...list.children].flatMap((item) => item.dataset.keys.split(" "));
    if (await send("POST", "/api/alerts/close", { keys })) location.reload();
  });
  follow(String(start.newest), (event, data) => {
    const state = event === "state" ? data : event === "snapshot" ? data.state : null;
    if (!state?.alerts) return;
    if (state.alerts.mark !== seen) refresh();
    seen = state.alerts.mark;
    if (state.alerts.kept !== kept) showKept(state.alerts.kept);
  }, showLink);
}

byId("rules")?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button) return;
  const dialog = byId("remove-dialog");
  const { remove: name, key, version } = button.dataset;
  byId("remove-text").textContent = `“${name}” tells you nothing any more${key ? ", on any scanner of the shop" : ""}. What it told stays in the list.`;
  dialog.onclose = async () => {
    if (dialog.returnValue !== "remove") return;
    dialog.returnValue = "";
    if (await send("POST", "/api/alerts/rules/remove", { name, key, based_on: version })) location.reload();
  };
  dialog.showModal();
});
