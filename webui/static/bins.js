// The Bins page: tell the machine that a bin was emptied, and show what it made of it.

import { byId, outcomeOf, send, toast } from "./shared.js";

async function emptied(button) {
  button.disabled = true;
  const sent = await send("POST", "/api/bins/emptied", { bin: Number(button.dataset.bin) });
  if (sent) {
    byId("bins-said").textContent = `The machine notes that bin ${button.dataset.bin} is empty…`;
    const outcome = await outcomeOf(sent.id);
    if (outcome === "done") { location.reload(); return; }
    byId("bins-said").textContent = outcome ? "" : "The machine does not answer. It notes the empty bin as soon as it runs again.";
    if (outcome) toast(outcome);
  }
  button.disabled = false;
}

for (const button of document.querySelectorAll("[data-bin]")) {
  button.addEventListener("click", () => emptied(button));
}
