// Tries rules on a past batch and shows where its cards would go.

import { byId, el, send } from "./shared.js";

const SHOWN = 300;

const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

let told = null;
let only = null;

function showCards() {
  const body = byId("try-cards");
  const lines = told.lines.filter((line) => !only || line[only.key] === only.value);
  body.replaceChildren(...lines.map((line) => {
    const row = el("tr");
    const card = el("td");
    card.append(el("strong", "", line.name || "Unknown card"), el("span", "soft", line.set ? ` ${line.set}` : ""));
    const bin = el("td");
    bin.append(el("span", "bin", line.bin));
    if (line.went !== null && line.went !== line.bin) bin.append(el("small", "soft", ` was ${line.went}`));
    const why = el("td");
    why.append(el("strong", "", line.rule), el("span", "soft", ` ${line.why}`));
    row.append(card, bin, why);
    return row;
  }));
  const hidden = told.cards - told.lines.length;
  byId("try-more").textContent = hidden > 0 ? `${count(hidden, "further card is", "further cards are")} counted above and not listed.` : "";
  for (const button of document.querySelectorAll("[data-only]")) {
    button.setAttribute("aria-pressed", String(only !== null && button.dataset.only === `${only.key} ${only.value}`));
  }
}

function filter(button, key, value) {
  button.type = "button";
  button.dataset.only = `${key} ${value}`;
  button.addEventListener("click", () => {
    only = only && only.key === key && only.value === value ? null : { key, value };
    showCards();
  });
  return button;
}

function showTrial() {
  only = null;
  byId("try-told").hidden = false;
  const moved = told.moved ? ` ${count(told.moved, "card", "cards")} would lie in another bin than they do.` : "";
  byId("try-said").textContent = `“${told.name}” over ${count(told.cards, "card", "cards")}.${moved}`;
  const most = Math.max(1, ...told.bins.map((bin) => bin.cards));
  byId("try-bins").replaceChildren(...told.bins.map((bin) => {
    const item = el("li");
    const button = filter(el("button", "try-bin"), "bin", bin.bin);
    const bar = el("span", "bar");
    bar.style.inlineSize = `${Math.max(2, (100 * bin.cards) / most)}%`;
    const words = [bin.values.join(", "), bin.stops ? `emptied ${count(bin.stops, "time", "times")} on the way` : ""];
    button.append(el("span", "bin", bin.bin), el("strong", "", count(bin.cards, "card", "cards")),
      el("span", "soft", words.filter(Boolean).join(" · ")), bar);
    item.append(button);
    return item;
  }));
  const rules = told.rules.map((rule) => {
    const item = el("li");
    item.append(filter(el("button", "chip", `${rule.name}: ${rule.cards.toLocaleString("en")}`), "rule", rule.name));
    return item;
  });
  for (const name of told.idle_rules) rules.push(el("li", "soft", `${name} took no card.`));
  byId("try-rules").replaceChildren(...rules);
  showCards();
}

// `asked` gives the rules to try: {name} or {rules}.
export function wireTry(asked) {
  const go = byId("try-go");
  go.addEventListener("click", async () => {
    const what = asked();
    if (!what) return;
    go.setAttribute("aria-busy", "true");
    byId("try-said").textContent = "Trying…";
    const answer = await send("POST", "/api/rules/try", { ...what, batch: Number(byId("try-batch").value), shown: SHOWN });
    go.removeAttribute("aria-busy");
    if (!answer) {
      byId("try-said").textContent = "";
      return;
    }
    told = answer;
    showTrial();
  });
}

export function clearTry() {
  byId("try-told").hidden = true;
}
