// The Health page is drawn by the server; it is fetched anew now and then while somebody looks.

const EVERY_MS = 10000;

async function again() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = document.activeElement?.getAttribute("href");
    document.getElementById("main").replaceChildren(...fresh.getElementById("main").childNodes);
    if (focused) document.querySelector(`#main a[href="${CSS.escape(focused)}"]`)?.focus();
  } catch {
    // Without a connection the last figures stay.
  }
}

setInterval(again, EVERY_MS);
