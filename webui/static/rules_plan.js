// Makes a plan and shows its passes as steps to follow; each can be put in force with one tap.

import { byId, el, send, toast } from "./shared.js";

const FIRST_LINE = 0;

function asked() {
  const batch = Number(byId("plan-batch").value);
  return {
    batch,
    sets: batch ? [] : byId("plan-sets").value.split("\n").map((line) => line.trim()).filter(Boolean),
    bins: Number(byId("plan-bins").value),
    goal: byId("plan-goal").value,
    feeds_from: byId("plan-feeds").value,
  };
}

// The last line of each pass says what to do with the bins; the first of all sums up.
function afterwards(steps) {
  const found = [];
  steps.slice(FIRST_LINE + 1).forEach((line, place, rest) => {
    const next = rest[place + 1];
    if (!line.startsWith("Pass ") && (next === undefined || next.startsWith("Pass "))) found.push(line.trim());
  });
  return found;
}

function showPass(pass, after, body, plan) {
  const bins = pass.bins.map((sets, place) => {
    const becomes = pass.piles[place];
    const note = becomes === undefined ? "" : becomes ? ` → ${becomes}` : " → done";
    return el("li", "rule-line", el("span", "bins", el("span", "bin", place + 1)), el("span", "", sets.join(", ") || "nothing", el("span", "soft", note)));
  });
  const use = el("button", "button", "Use these rules");
  use.type = "button";
  use.addEventListener("click", async () => {
    const done = await send("POST", `/api/rules/plan/${pass.number}/use`, body);
    if (done) toast(`“${done.name}” is in force from the next batch on.`);
  });
  return el("li", "panel pass",
    el("h3", "", `Pass ${pass.number} of ${plan.passes.length}: feed ${pass.feed}`),
    el("ol", "rule-lines", ...bins), el("p", "", after), el("p", "row-of-buttons", use));
}

byId("plan-batch").addEventListener("change", () => {
  byId("plan-typed").hidden = byId("plan-batch").value !== "0";
});

byId("plan-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = asked();
  const plan = await send("POST", "/api/rules/plan", body);
  if (!plan) return;
  const after = afterwards(plan.steps);
  byId("plan").replaceChildren(el("h2", "", plan.steps[FIRST_LINE]),
    el("ol", "passes", ...plan.passes.map((pass, place) => showPass(pass, after[place], body, plan))));
});
