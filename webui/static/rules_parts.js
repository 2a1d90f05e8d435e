// What a rule does with the cards that it takes: bins to sort into, or an offer to make.

import { choose, el, readMoney, shownMoney } from "./rules_condition.js";

const MOST_BINS = 16;

export function sortPart(rule, start) {
  const highest = Math.min(MOST_BINS, Math.max(start.bins, ...rule.bins));
  const boxes = Array.from({ length: highest }, (_, place) => {
    const number = place + 1;
    return el("input", { type: "checkbox", value: String(number), checked: rule.bins.includes(number) });
  });
  const order = [...rule.bins];
  for (const box of boxes) {
    box.addEventListener("change", () => {
      const number = Number(box.value);
      if (box.checked) order.push(number);
      else order.splice(order.indexOf(number), 1);
    });
  }
  const each = choose("How bins are shared out", [["", "one after another as they fill"], ...Object.entries(start.each).map(([key, word]) => [key, `one for each ${word}`])], rule.each ?? "");
  const full = choose("When its bins are full", [["wait", "the machine waits"], ["next", "ask the next rule"]], rule.when_full);
  const chips = boxes.map((box) => el("label", { class: "tick tick-bin" }, box, box.value));
  const element = el("div", { class: "does" },
    el("fieldset", { class: "bin-choice" }, el("legend", { textContent: "Bins" }), ...chips),
    el("label", { class: "pair" }, el("span", { textContent: "Used" }), each),
    el("label", { class: "pair" }, el("span", { textContent: "When full" }), full));
  return { element, read: () => ({ bins: order, each: each.value || null, when_full: full.value }) };
}

export function buyPart(rule, start) {
  const way = rule.buy ? (rule.cash_each ? "each" : "share") : "no";
  const ways = choose("How it pays", [["share", "Pay a share of the price"], ["each", "Pay an amount for each card"], ["no", "Don't buy"]], way);
  const percent = (label, value) => el("input", { class: "field", type: "number", min: 0, max: 200, value, "aria-label": label });
  const amount = (label, value) => el("input", { class: "field", inputMode: "decimal", placeholder: "0.05", value: shownMoney(value, start.currency), "aria-label": label });
  const cash = percent("Percent in cash", rule.cash_percent);
  const credit = percent("Percent in credit", rule.credit_percent);
  const cashEach = amount("Cash for each card", rule.cash_each);
  const creditEach = amount("Credit for each card", rule.credit_each);
  const share = el("p", { class: "pays" }, el("label", {}, "Cash ", cash, " %"), el("label", {}, "Credit ", credit, " %"));
  const each = el("p", { class: "pays" }, el("label", {}, "Cash ", cashEach, ` ${start.currency}`), el("label", {}, "Credit ", creditEach, ` ${start.currency}`));
  const show = () => {
    share.hidden = ways.value !== "share";
    each.hidden = ways.value !== "each";
  };
  ways.addEventListener("change", show);
  show();
  const element = el("div", { class: "does" }, el("label", { class: "pair" }, el("span", { textContent: "Offer" }), ways), share, each);
  return {
    element,
    read: () => ({
      buy: ways.value !== "no",
      cash_percent: ways.value === "share" ? Number(cash.value) : 0,
      credit_percent: ways.value === "share" ? Number(credit.value) : 0,
      cash_each: ways.value === "each" ? readMoney(cashEach.value, start.currency) : "",
      credit_each: ways.value === "each" ? readMoney(creditEach.value, start.currency) : "",
    }),
  };
}
