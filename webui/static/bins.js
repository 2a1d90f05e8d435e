// The Bins page: tell the machine that a bin was emptied, and show what it made of it.

import { byId, send, toast } from "./shared.js";

const ASK_AGAIN_MS = 300;

async function outcome(id) {
  for (;;) {
    await new Promise((resolve) => { setTimeout(resolve, ASK_AGAIN_MS); });
    const told = await (await fetch(`/api/live/commands/${id}`)).json();
    if (told.outcome) return told.outcome;
  }
}

async function emptied(button) {
  button.disabled = true;
  const sent = await send("POST", "/api/bins/emptied", { bin: Number(button.dataset.bin) });
  if (sent) {
    byId("bins-said").textContent = `The machine notes that bin ${button.dataset.bin} is empty…`;
    try {
      const told = await outcome(sent.id);
      if (told === "done") { location.reload(); return; }
      toast(told);
    } catch {
      toast("The scanner could not be reached. It notes the empty bin as soon as it is back.");
    }
    byId("bins-said").textContent = "";
  }
  button.disabled = false;
}

for (const button of document.querySelectorAll("[data-bin]")) {
  button.addEventListener("click", () => emptied(button));
}
