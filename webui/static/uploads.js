// The upload page: sends pictures one after another, in the pile's order, and shows what becomes of
// each.

import { byId, el, pause, send, showTimes, toast, token } from "./shared.js";
import { filesOf } from "./dropped.js";

const { limits } = JSON.parse(byId("start-data").textContent);
const NEWS_MS = 1000;
const SETTLED = new Set(["done", "failed", "refused", "again", "stopped"]);
const MARKS = {
  ready: ["mark-plain", "To be sent"],
  sending: ["mark-plain", "Sending"],
  waiting: ["mark-plain", "Waits"],
  done: ["mark-accepted", "Read"],
  failed: ["mark-unknown", "No card"],
  refused: ["mark-fault", "Refused"],
  again: ["mark-review", "Scanned before"],
  stopped: ["mark-plain", "Cancelled"],
};

let upload = null; // the pile as the scanner tells it
let entries = []; // {id, file, state, title, more, row}
let byPicture = new Map();
const replaced = new Set(); // pictures that were sent once more
let sending = false;
let stopped = false;
let asking = false;

function row(entry) {
  entry.row = el("li", "up", el("span", "crop"), el("span", "up-title"), el("span"), el("span", "up-more"));
  byId("ups").append(entry.row);
  paint(entry);
}

function paint(entry) {
  const [frame, title, mark, more] = entry.row.children;
  entry.row.dataset.state = entry.state;
  title.textContent = entry.title;
  more.textContent = entry.more;
  const [look, word] = MARKS[entry.state];
  mark.className = `mark ${entry.decision ? `mark-${entry.decision}` : look}`;
  mark.textContent = entry.word || word;
  if (entry.picture && frame.dataset.picture !== entry.picture) {
    frame.dataset.picture = entry.picture;
    const picture = document.createElement("img");
    picture.src = entry.picture;
    picture.alt = "";
    picture.loading = "lazy";
    frame.replaceChildren(picture);
  }
}

function change(entry, fields) {
  Object.assign(entry, fields);
  paint(entry);
  count();
}

// Of a page with several cards, the one that a person must look at first.
function worst(scans) {
  return ["unknown", "review"].map((decision) => scans.find((scan) => scan.decision === decision))
    .find(Boolean) ?? scans[0];
}

// What the scanner says of one picture.
function settle(entry, told) {
  const [scan, ...further] = told.scans;
  const edition = scan && (further.length ? told.scans.map((one) => one.title).join(", ")
    : [scan.set, scan.number, scan.variant].filter(Boolean).join(" · "));
  change(entry, {
    id: told.id,
    state: told.state,
    before: told.before,
    title: scan ? (further.length ? `${told.scans.length} cards` : scan.title) : told.name,
    more: scan ? [edition, told.cached ? "known from before" : "", told.name].filter(Boolean).join(" · ")
      : told.problem || (told.before ? `in “${told.before.name}”` : ""),
    decision: further.length ? worst(told.scans).decision : scan?.decision ?? "",
    word: further.length ? worst(told.scans).word : scan?.word ?? "",
    picture: scan?.crop || entry.picture,
  });
  byPicture.set(told.id, entry);
  if (scan?.crop && entry.url) { // the scanner's own picture is shown by now
    URL.revokeObjectURL(entry.url);
    entry.url = "";
  }
}

function count() {
  const numbers = {};
  for (const entry of entries) numbers[entry.state] = (numbers[entry.state] ?? 0) + 1;
  const settled = [...SETTLED].reduce((sum, state) => sum + (numbers[state] ?? 0), 0);
  byId("now").hidden = !entries.length;
  byId("progress").value = entries.length ? settled / entries.length : 0;
  byId("count").textContent = `${settled} of ${entries.length} pictures`;
  const words = [["ready", "to be sent"], ["waiting", "wait"], ["done", "read"], ["failed", "without a card"],
    ["refused", "refused"], ["again", "scanned before"], ["stopped", "cancelled"]];
  byId("counts").textContent = words.filter(([state]) => numbers[state])
    .map(([state, word]) => `${numbers[state]} ${word}`).join(" · ");
  byId("stop").hidden = settled === entries.length;
  showBefore();
}

function showBefore() {
  const again = entries.filter((entry) => entry.state === "again");
  const all = again.length === entries.length;
  byId("before").hidden = !again.length;
  if (!again.length) return;
  const pictures = again.length === 1 ? "1 picture was" : `${again.length} pictures were`;
  byId("before-title").textContent = all && again.length > 1
    ? "This pile was scanned before" : `${pictures} scanned before`;
  const earlier = [...new Set(again.map((entry) => entry.before?.name).filter(Boolean))];
  byId("before-text").textContent = `${earlier.length ? `In “${earlier.join("”, “")}”. ` : ""}They are not counted twice.`;
  byId("count-again").hidden = !again.some((entry) => entry.file);
}

function showUpload(told) {
  upload = told.upload;
  byId("now-title").textContent = upload.name;
  byId("silent").hidden = !told.feed_silent || !upload.counts.waiting;
  byId("to-batch").hidden = !upload.batch;
  byId("to-batch").href = `/batches/${upload.batch}`;
  byId("to-review").hidden = !entries.some((entry) => ["review", "unknown"].includes(entry.decision));
  byId("to-review").href = `/review?batch=${upload.batch}`;
}

async function add(files) {
  if (!files.length) return;
  if (entries.length + files.length > limits.pictures) {
    toast(`Choose up to ${limits.pictures.toLocaleString("en")} pictures at once.`);
    return;
  }
  if (!upload || stopped) {
    const fields = Object.fromEntries(new FormData(byId("about-form")));
    const told = await send("POST", "/api/uploads", fields);
    if (!told) return;
    entries = [];
    byPicture = new Map();
    stopped = false;
    byId("ups").replaceChildren();
    history.replaceState(null, "", `?upload=${told.upload.id}`);
    byId("about").open = false;
    showUpload(told);
  }
  for (const file of files) {
    const entry = { file, state: "ready", title: file.name, more: "", again: false };
    const problem = problemOf(file);
    if (problem) Object.assign(entry, { state: "refused", more: problem });
    else entry.url = entry.picture = URL.createObjectURL(file);
    entries.push(entry);
    row(entry);
  }
  count();
  sendMore();
}

// What need not be sent to be refused.
function problemOf(file) {
  if (file.size > limits.bytes) {
    return `has more than ${Math.floor(limits.bytes / 1e6)} megabytes; make it smaller`;
  }
  if (file.type && !["image/jpeg", "image/png", "image/webp"].includes(file.type)) {
    return "is not a JPEG, PNG or WebP picture";
  }
  return file.size ? "" : "is empty";
}

async function sendMore() {
  if (sending) return;
  sending = true;
  for (;;) {
    const entry = stopped ? null : entries.find((one) => one.state === "ready");
    if (!entry) break;
    change(entry, { state: "sending" });
    await sendOne(entry);
  }
  sending = false;
}

async function sendOne(entry) {
  const query = new URLSearchParams({ name: entry.file.name, again: entry.again });
  let wait = 0;
  try {
    const answer = await fetch(`/api/uploads/${upload.id}/pictures?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream", ...token() },
      body: entry.file,
    });
    const told = await answer.json().catch(() => ({ error: "was not taken; try a smaller picture" }));
    if (told.pictures) settle(entry, told.pictures[0]);
    else if (answer.status === 429 || answer.status >= 500) {
      wait = Math.max(1, Number(answer.headers.get("Retry-After") ?? 5));
      change(entry, { more: told.error });
    } else change(entry, { state: "refused", more: told.error });
  } catch {
    wait = 3;
    change(entry, { more: "The scanner could not be reached; this is sent again." });
  }
  if (!wait) return;
  await pause(wait * 1000);
  if (!stopped) change(entry, { state: "ready" });
}

// Pictures of one pile are settled in their order, so that only the rest is asked for.
async function news() {
  if (!upload || asking || document.hidden) return;
  const open = [...byPicture].filter(([, entry]) => !SETTLED.has(entry.state)).map(([id]) => id);
  if (!open.length) return;
  await read(Math.min(...open) - 1, 100);
}

async function read(after, limit) {
  asking = true;
  try {
    const answer = await fetch(`/api/uploads/${upload.id}?${new URLSearchParams({ after, limit })}`);
    if (!answer.ok) return;
    const told = await answer.json();
    for (const picture of told.pictures) {
      if (replaced.has(picture.id)) continue;
      let entry = byPicture.get(picture.id);
      if (!entry && sending) continue; // its own answer is on the way
      if (!entry) {
        entry = { state: picture.state, title: picture.name, more: "" };
        entries.push(entry);
        row(entry);
      }
      settle(entry, picture);
    }
    showUpload(told);
  } catch {
    // The next look tries again.
  } finally {
    asking = false;
  }
}

for (const id of ["files", "folder", "camera"]) {
  byId(id).addEventListener("change", () => {
    const chosen = [...byId(id).files].filter((file) => !file.name.startsWith("."));
    byId(id).value = "";
    add(chosen);
  });
}
const drop = byId("drop");
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => { event.preventDefault(); drop.dataset.over = "true"; });
}
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.dataset.over = "false"; });
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.dataset.over = "false";
  add(await filesOf(event.dataTransfer));
});
byId("count-again").addEventListener("click", () => {
  for (const entry of entries) {
    if (entry.state !== "again" || !entry.file) continue;
    replaced.add(entry.id);
    byPicture.delete(entry.id);
    change(entry, { state: "ready", again: true, more: "" });
  }
  sendMore();
});
byId("stop").addEventListener("click", async () => {
  stopped = true;
  for (const entry of entries) {
    if (["ready", "sending"].includes(entry.state)) change(entry, { state: "stopped" });
  }
  if (await send("POST", `/api/uploads/${upload.id}/stop`)) news();
});
window.addEventListener("beforeunload", (event) => {
  if (entries.some((entry) => ["ready", "sending"].includes(entry.state))) event.preventDefault();
});
showTimes();

const asked = Number(new URLSearchParams(location.search).get("upload"));
if (asked) {
  upload = { id: asked, name: "", counts: {}, batch: 0 };
  read(0, limits.pictures);
}
setInterval(news, NEWS_MS);
