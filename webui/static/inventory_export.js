// The export dialog: choose a format, see what the file will hold and what is left out, make it.

import { byId, send, toast, token } from "./shared.js";

const dialog = byId("export-dialog");
let page = null;
let formats = [];
let chosen = "";
let asking = 0;

const cards = (number) => `${number.toLocaleString("en")} ${number === 1 ? "card" : "cards"}`;

const rows = (number) => `${number.toLocaleString("en")} ${number === 1 ? "row" : "rows"}`;

const flat = (fields) => Object.fromEntries(Object.entries(fields)
  .map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : value]));

function element(tag, words = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = words;
  if (name) made.className = name;
  return made;
}

async function open() {
  dialog.showModal();
  const fields = page.wanted();
  byId("export-which").textContent = Object.keys(fields).length
    ? "Only the cards that the filter finds." : "The whole stock. Filter the list first to export a part of it.";
  await readExports();
  if (formats.length) choose(localStorage.getItem("counterscan-format") ?? formats[0].name);
}

async function readExports() {
  try {
    const told = await (await fetch("/api/inventory/exports")).json();
    if (told.error) {
      toast(told.error);
      return;
    }
    formats = told.formats;
    showFormats();
    showPast(told.exports);
  } catch {
    toast("The scanner could not be reached. Try again when it is connected.");
  }
}

function showFormats() {
  byId("formats").replaceChildren(...formats.map((format) => {
    const label = element("label", "", "format");
    const radio = element("input");
    Object.assign(radio, { type: "radio", name: "format", value: format.name, checked: format.name === chosen });
    radio.addEventListener("change", () => choose(format.name));
    label.append(radio, element("span", format.label));
    return label;
  }));
}

function choose(name) {
  const format = formats.find((one) => one.name === name) ?? formats[0];
  chosen = format.name;
  localStorage.setItem("counterscan-format", chosen);
  for (const radio of byId("formats").querySelectorAll("input")) radio.checked = radio.value === chosen;
  byId("export-about").textContent = format.about;
  byId("export-tcgplayer").hidden = chosen !== "tcgplayer";
  byId("only-new-box").hidden = format.adds;
  preview();
}

const body = () => ({
  format: chosen,
  filter: page.wanted(),
  only_new: !byId("only-new-box").hidden && byId("only-new").checked,
});

async function preview() {
  asking += 1;
  const mine = asking;
  byId("export-make").disabled = true;
  byId("preview").replaceChildren(element("p", "Working out what the file will hold…", "soft"));
  const told = await send("POST", "/api/inventory/exports/preview", body());
  if (mine !== asking) return;
  if (told) showPreview(told);
  else byId("preview").replaceChildren();
}

function showPreview(told) {
  const box = byId("preview");
  const list = element("ul", "", "preview-sums");
  const add = (words, name = "") => list.append(element("li", words, name));
  if (told.rows) {
    if (told.added) add(`${cards(told.added)} in ${rows(told.rows)}`, "preview-good");
    if (told.taken) add(`${cards(told.taken)} taken back: they left the stock, or what is known of them has changed`);
  } else {
    add(told.unchanged ? "Nothing has changed since the last export: there is nothing to send." : "There is nothing to send.");
  }
  if (told.unchanged && told.rows) add(`${cards(told.unchanged)} went out before and are as they were`);
  if (told.note) add(told.note);
  box.replaceChildren(list);
  if (told.left_out_copies) box.append(leftOut(told));
  if (told.rows) {
    const sample = element("details", "", "sample");
    sample.append(element("summary", "The first rows of the file"), element("pre", told.sample.join("\n")));
    sample.lastChild.tabIndex = 0;
    box.append(sample);
  }
  byId("sku-count").textContent = told.skus
    ? `${told.skus.toLocaleString("en")} SKUs are known.` : "No SKU is known yet.";
  byId("export-make").disabled = !told.rows;
  byId("export-make-word").textContent = told.rows ? `Make the file (${rows(told.rows)})` : "Make the file";
}

function leftOut(told) {
  const part = element("section", "", "left-out");
  part.append(element("h3", `${cards(told.left_out_copies)} can't be exported`));
  const list = element("ul");
  for (const entry of told.left_out) {
    const item = element("li");
    const more = element("details");
    const summary = element("summary");
    summary.append(element("strong", cards(entry.copies)), ` ${entry.reason}`);
    const names = element("ul");
    names.append(...entry.some.map((name) => element("li", name)));
    if (entry.lines > entry.some.length) names.append(element("li", `and ${(entry.lines - entry.some.length).toLocaleString("en")} more`, "soft"));
    more.append(summary, names);
    item.append(more);
    if (entry.lacks) {
      const link = element("a", "Show them and set it");
      link.href = `/inventory?${new URLSearchParams({ ...flat(page.wanted()), [entry.lacks]: "-" })}`;
      item.append(link);
    }
    list.append(item);
  }
  part.append(list);
  if (told.sets.length) part.append(setsOffered(told.sets));
  return part;
}

// A set that TCGplayer calls otherwise: a person says so once, and its cards are mapped.
function setsOffered(sets) {
  const part = element("ul", "", "sets-offered");
  for (const one of sets) {
    const item = element("li", `Is “${one.set}” the set that TCGplayer calls `);
    for (const theirs of one.theirs) {
      const button = element("button", theirs, "button");
      button.type = "button";
      button.addEventListener("click", async () => {
        if (await send("POST", "/api/inventory/sets", { game: one.game, set: one.set, theirs })) preview();
      });
      item.append(button);
    }
    item.append("?");
    part.append(item);
  }
  return part;
}

async function make() {
  byId("export-make").disabled = true;
  const told = await send("POST", "/api/inventory/exports", body());
  if (told) {
    location.assign(told.href); // an attachment: the page stays
    await readExports();
  }
  preview();
}

function showPast(exports) {
  byId("export-past").hidden = !exports.length;
  byId("exports").replaceChildren(...exports.map((one) => {
    const item = element("li", "", one.counts ? "past" : "past past-undone");
    const text = element("span");
    text.append(element("strong", one.label), ` ${cards(one.added)}`, element("span", ` ${one.at.slice(0, 10)} ${one.at.slice(11, 16)}`, "soft"));
    item.append(text);
    if (one.href) {
      const link = element("a", "Download again");
      link.href = one.href;
      item.append(link);
    }
    if (one.counts) {
      const back = element("button", "Never uploaded", "link-button");
      back.type = "button";
      back.title = "Take it back: its cards go out again with the next file";
      back.addEventListener("click", () => takeBack(one.id));
      item.append(back);
    } else {
      item.append(element("span", "taken back", "soft"));
    }
    return item;
  }));
}

async function takeBack(id) {
  if (!await send("POST", `/api/inventory/exports/${id}/take-back`)) return;
  await readExports();
  preview();
}

async function learn(file) {
  toast("Reading the file…");
  try {
    const answer = await fetch("/api/inventory/skus", {
      method: "POST",
      headers: { "Content-Type": "text/csv", ...token() },
      body: file,
    });
    const told = await answer.json();
    toast(answer.ok ? `${told.named.toLocaleString("en")} SKUs read, ${told.news.toLocaleString("en")} of them new.` : told.error);
  } catch {
    toast("The file could not be sent. Try again when the scanner is connected.");
  }
  preview();
}

export function listenToExport(list) {
  page = list;
}

byId("export-open").addEventListener("click", open);
byId("export-make").addEventListener("click", make);
byId("only-new").addEventListener("change", preview);
byId("sku-file").addEventListener("change", (event) => {
  if (event.target.files.length) learn(event.target.files[0]);
  event.target.value = "";
});
