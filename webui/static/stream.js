// The news from the scanner: server-sent events, or asking every few seconds where those are refused.
// Calls on(event, data) in order, and link(state) with "live", "asking", "waiting" or "lost".

const QUIET_MS = 25000; // the server beats every 10 s: this long without is a dead connection
const ASK_MS = 2000;
const TRY_STREAM_MS = 30000;
const HIDDEN_MS = 60000; // a page nobody looks at gives its place to one that somebody does
const LOST_MS = 2500; // a server that restarts within this is no news to a clerk

export function follow(cursor, on, link) {
  let source = null;
  let quiet = 0;
  let again = 0;
  let asking = 0;
  let lost = 0;
  let hidden = 0;
  let failures = 0;

  function take(event, data, id) {
    if (id) cursor = id;
    on(event, data);
  }

  function alive() {
    failures = 0;
    clearTimeout(lost);
    lost = 0;
    clearTimeout(quiet);
    quiet = setTimeout(reopen, QUIET_MS);
    link("live");
  }

  function down() {
    if (!lost) lost = setTimeout(() => link("lost"), LOST_MS);
  }

  function close() {
    if (source) source.close();
    source = null;
    clearTimeout(quiet);
    clearTimeout(again);
  }

  function reopen() {
    close();
    down();
    open();
  }

  function open() {
    close();
    const query = cursor === "" ? "" : `?after=${encodeURIComponent(cursor)}`;
    const stream = new EventSource(`/api/live/events${query}`);
    source = stream;
    for (const name of ["scan", "state", "preview", "snapshot", "beat"]) {
      stream.addEventListener(name, (message) => {
        if (stream !== source) return;
        stopAsking();
        alive();
        if (name !== "beat") take(name, JSON.parse(message.data), message.lastEventId);
      });
    }
    stream.onerror = () => {
      if (stream !== source) return;
      down();
      if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      close();
      failures += 1;
      startAsking();
      again = setTimeout(open, asking ? TRY_STREAM_MS : 1000);
    };
  }

  async function ask() {
    const query = cursor === "" ? "" : `?after=${encodeURIComponent(cursor)}`;
    try {
      const answer = await fetch(`/api/live/news${query}`);
      if (answer.status === 401) location.reload(); // signed out elsewhere: the server shows the way
      if (!answer.ok) throw new Error(String(answer.status));
      const news = await answer.json();
      if (!asking) return; // the stream came back meanwhile and has told all this
      clearTimeout(lost);
      lost = 0;
      link("asking");
      for (const { event, data, id } of news) take(event, data, id);
    } catch {
      down();
      if (asking) { // no server at all: the stream is the better one to wait for
        stopAsking();
        clearTimeout(again);
        again = setTimeout(open, Math.min(1000 * failures, 5000));
      }
      return;
    }
    if (asking) asking = setTimeout(ask, ASK_MS);
  }

  function startAsking() {
    if (asking) return;
    asking = setTimeout(ask, 200);
  }

  function stopAsking() {
    clearTimeout(asking);
    asking = 0;
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hidden);
    if (document.hidden) {
      hidden = setTimeout(() => { close(); stopAsking(); }, HIDDEN_MS);
    } else if (!source && !asking) {
      open();
    }
  });
  window.addEventListener("online", reopen);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });

  link("waiting");
  open();
  return {
    // Start over from a snapshot: what is shown no longer fits the scanner's log.
    restart() { cursor = ""; open(); },
  };
}
