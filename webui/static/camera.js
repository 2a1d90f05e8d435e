// What is under the camera: the newest preview picture with the found outline drawn on it.

import { byId } from "./shared.js";

const canvas = byId("frame");
const outline = byId("outline");
const stage = byId("stage");
const chip = byId("view");
const age = byId("camera-age");

let wanted = null; // the newest preview not yet drawn
let loading = false;
let seenAt = null; // when the newest preview was made, on this page's own clock
let shown = -1;

export function showPreview(preview) {
  seenAt = preview.age_s === null ? null : performance.now() - preview.age_s * 1000;
  stage.dataset.fresh = String(preview.fresh);
  if (!preview.fresh) {
    drawOutline(preview);
    tellAge();
  }
  if (!preview.frame || preview.sequence === shown) return;
  wanted = preview;
  if (!loading) load();
}

async function load() {
  loading = true;
  while (wanted && !document.hidden) {
    const preview = wanted;
    wanted = null;
    const picture = new Image();
    picture.src = preview.frame;
    try {
      await picture.decode();
    } catch {
      continue; // replaced or gone while loading; the next preview is on its way
    }
    draw(picture);
    drawOutline(preview);
    shown = preview.sequence;
  }
  loading = false;
}

function draw(picture) {
  const { naturalWidth: width, naturalHeight: height } = picture;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    stage.style.aspectRatio = `${width} / ${height}`;
  }
  canvas.getContext("2d").drawImage(picture, 0, 0);
  byId("stage-empty").hidden = true;
}

function drawOutline(preview) {
  const cards = preview.fresh ? preview.cards : [];
  while (outline.children.length > cards.length) outline.lastElementChild.remove();
  while (outline.children.length < cards.length) outline.append(document.createElementNS(outline.namespaceURI, "polygon"));
  cards.forEach((corners, place) => {
    outline.children[place].setAttribute("points", corners.map(([x, y]) => `${x},${y}`).join(" "));
  });
  outline.dataset.view = preview.view;
  chip.dataset.view = preview.view;
  chip.textContent = preview.view_text;
  chip.hidden = !preview.fresh;
}

function tellAge() {
  const seconds = seenAt === null ? 0 : (performance.now() - seenAt) / 1000;
  let text = "";
  if (stage.dataset.fresh === "false" && seenAt !== null) {
    text = seconds < 100 ? `last picture ${Math.round(seconds)} s ago`
      : `last picture ${Math.round(seconds / 60)} min ago`;
  }
  if (age.textContent !== text) age.textContent = text;
}

setInterval(tellAge, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden && wanted && !loading) load(); });
