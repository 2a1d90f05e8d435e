// What every page's own module may use: finding, making, saying, and asking the page to do something.

const ASK_AGAIN_MS = 500;
const SLOW_MS = 8000;
const ANSWERS_WITHIN_MS = 60000;

let toastTimer = 0;

export const byId = (id) => document.getElementById(id);

export function el(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function fromHtml(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export function toast(text) {
  const box = byId("toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 7000);
}

// What shows the page's own scripts from those of another site.
export const token = () => ({ "X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content });

// Sends JSON with this page's token and returns the answer's JSON. Where the page refuses or does
// not answer, `say` (a toast, unless told otherwise) gets the reason and null comes back.
export async function send(method, path, body = {}, say = toast) {
  try {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json", ...token() },
      body: JSON.stringify(body),
    });
    const told = answer.status === 204 ? {} : await answer.json();
    if (answer.ok) return told;
    if (answer.status === 401) location.reload(); // signed out elsewhere: the server shows the way
    say(told.error);
  } catch {
    say("The scanner could not be reached; nothing was sent. Try again when it is connected.");
  }
  return null;
}

// What the machine made of a command: "done", or why not; "" where it has not answered in a minute.
export async function outcomeOf(id) {
  const askedAt = performance.now();
  let told = false;
  while (performance.now() - askedAt < ANSWERS_WITHIN_MS) {
    await pause(ASK_AGAIN_MS);
    try {
      const { outcome } = await (await fetch(`/api/live/commands/${id}`)).json();
      if (outcome) return outcome;
    } catch {
      continue; // the next look tries again
    }
    if (!told && performance.now() - askedAt > SLOW_MS) {
      told = true;
      toast("The machine has not answered yet. It obeys as soon as the card in hand is done.");
    }
  }
  return "";
}

// Says that what is shown may be old, where the news can't be had.
export function showLink(link) {
  const told = byId("offline");
  if (told) told.hidden = link !== "lost";
}

// Every dialog closes by its buttons for that, and by a press beside it.
export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    for (const button of dialog.querySelectorAll("[data-close]")) {
      button.addEventListener("click", () => dialog.close());
    }
    let beside = false; // where the press began: who marks a text may let go outside
    dialog.addEventListener("pointerdown", (event) => {
      const { left, right, top, bottom } = dialog.getBoundingClientRect();
      const { clientX: x, clientY: y } = event;
      beside = x < left || x > right || y < top || y > bottom;
    });
    dialog.addEventListener("click", (event) => { if (beside && event.target === dialog) dialog.close(); });
  }
}

// A crop that the retention limit removed a moment ago leaves its frame, not a broken picture.
export function dropLostPictures() {
  document.addEventListener("error", (event) => {
    if (event.target.closest?.(".crop")) event.target.remove();
  }, true);
}

// Days and times as they are where the reader is.
export function showTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const text = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    if (time.textContent !== text) time.textContent = text;
  }
}

// The switch for shortcuts, one choice for every page: some people's aids send keys of their own.
export function shortcutSwitch() {
  const box = byId("keys-on");
  const note = () => {
    localStorage.setItem("counterscan-keys", box.checked ? "on" : "off");
    document.documentElement.dataset.keys = box.checked ? "on" : "off";
  };
  box.checked = localStorage.getItem("counterscan-keys") !== "off";
  box.addEventListener("change", note);
  note();
  return box;
}
