// The Live page: takes the news and hands each part of it to the part of the page that shows it.

import { showPreview } from "./camera.js";
import { addScan, backToNewest, move, showFirst, showSnapshot } from "./cards.js";
import { allowControls, listenToKeys, showControls } from "./controls.js";
import { byId } from "./shared.js";
import { follow } from "./stream.js";

const start = JSON.parse(byId("start-data").textContent);
const LINKS = { live: "Live", asking: "Live, slower", waiting: "Connecting", lost: "Offline" };

let batchId = start.state.batch?.id ?? 0;
let news = null;

function setText(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

// The time of day; of another day the day as well.
function clockOf(at) {
  const today = at.toDateString() === new Date().toDateString();
  return at.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

function showState(state) {
  const { machine, batch } = state;
  byId("main").dataset.tone = machine.tone;
  byId("pill").dataset.tone = machine.tone;
  setText("machine-word", machine.word);
  setText("batch-name", batch ? batch.name : "No batch yet");
  if (batch) byId("batch-name").href = `/batches/${batch.id}`;
  else byId("batch-name").removeAttribute("href");
  byId("asked").hidden = !machine.asked;
  if (machine.asked) {
    setText("asked-by", machine.asked);
    setText("asked-at", clockOf(new Date(machine.asked_at)));
    byId("asked-at").dateTime = machine.asked_at;
  }
  const progress = byId("progress");
  byId("to-offer").hidden = batch?.mode !== "offer";
  byId("to-rules").hidden = batch?.mode !== "sort";
  progress.hidden = !batch || batch.share === null;
  progress.value = batch?.share ?? 0;
  setText("cards", batch ? batch.text.cards : "");
  setText("left", batch?.text.left || machine.hint);
  setText("rate", batch ? batch.text.rate : "–");
  for (const key of ["accepted", "review", "unknown"]) {
    setText(`count-${key}`, batch ? batch.text[key] : "0");
    setText(`share-${key}`, batch ? batch.text[`${key}_share`] : "");
  }
  document.title = batch && machine.tone !== "idle"
    ? `${machine.word} · ${batch.text.cards} · Counterscan` : "Live · Counterscan";
  setText("about-run", state.about);
  const notices = byId("notices");
  if (notices.dataset.html !== state.notices_html) {
    notices.dataset.html = state.notices_html; // compared with what was sent, not with the DOM
    notices.innerHTML = state.notices_html;
  }
  showControls(state);
}

function take(event, data) {
  if (event === "scan") {
    if (data.scan.batch === batchId) addScan(data);
  } else if (event === "preview") {
    showPreview(data);
  } else if (event === "snapshot") {
    batchId = data.state.batch?.id ?? 0;
    showSnapshot(data);
    showState(data.state);
  } else if (event === "state") {
    showState(data);
    if ((data.batch?.id ?? 0) !== batchId) news.restart();
  }
}

function showLink(link) {
  byId("link").dataset.link = link;
  setText("link-word", LINKS[link]);
  byId("offline").hidden = link !== "lost";
  byId("main").dataset.link = link;
  allowControls(link !== "lost");
}

byId("notices").dataset.html = start.state.notices_html;
showFirst(start.newest);
showState(start.state);
showPreview(start.preview);
listenToKeys({ ArrowDown: () => move(1), ArrowUp: () => move(-1), j: () => move(1), k: () => move(-1), Escape: backToNewest });
news = follow(start.cursor, take, showLink);
