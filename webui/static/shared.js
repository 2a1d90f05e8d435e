// What every page's own module may use: finding, saying, and asking the page to do something.

export const byId = (id) => document.getElementById(id);

let toastTimer = 0;

export function toast(text) {
  const box = byId("toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 7000);
}

// Sends JSON with this page's token and returns the answer's JSON. Where the page refuses or does
// not answer, `say` (a toast, unless told otherwise) gets the reason and null comes back.
export async function send(method, path, body = {}, say = toast) {
  try {
    const answer = await fetch(path, {
      method,
      headers: {
        "Content-Type": "application/json",
        "X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content,
      },
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
