// Builds and reads the form of one condition: tests, joined by all, any or none, group in group.

const HOW = [["all", "all of these hold"], ["any", "any of these holds"], ["none", "none of these holds"]];
const LISTS = new Set(["one_of", "none_of"]);
const NOTHING = new Set(["known", "unknown"]);
const DEEPEST = 4;

let words = null;

export function useVocabulary(vocabulary) {
  words = vocabulary;
}

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function choose(label, options, value) {
  const made = el("select", { class: "select", "aria-label": label });
  for (const [key, text] of options) made.append(el("option", { value: key, textContent: text, selected: String(key) === String(value) }));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, act) {
  const made = el("button", { type: "button", class: "icon-button", "aria-label": label, title: label }, icon(name));
  made.addEventListener("click", act);
  return made;
}

function changed(from) {
  from.dispatchEvent(new Event("change", { bubbles: true }));
}

function money(text, currency) {
  const typed = text.trim();
  return /^[0-9.,]+$/.test(typed) ? `${typed} ${currency}` : typed;
}

export function shownMoney(value, currency) {
  return String(value).replace(new RegExp(` ${currency}$`), "");
}

export { money as readMoney };

function specOf(name) {
  const known = words.fields.find((field) => field.name === name);
  return known ?? { name, label: name.replace(/^fact:/, ""), kind: "text", ops: words.text_ops, choices: [], unit: "" };
}

function oneInput(spec, op, value, label) {
  if (spec.choices.length) return choose(label, spec.choices.map((choice) => [choice, choice]), value);
  const input = el("input", { class: "field", "aria-label": label, autocomplete: "off", value: value ?? "" });
  if (spec.kind === "number") Object.assign(input, { type: "number", step: "any", inputMode: "decimal" });
  if (spec.kind === "money") Object.assign(input, { inputMode: "decimal", placeholder: "0.00", value: shownMoney(value ?? "", words.currency) });
  if (op === "letters") input.placeholder = "A-F";
  if (spec.name === "list") input.setAttribute("list", "list-names");
  return input;
}

function readOne(spec, input) {
  if (spec.kind === "number") return input.value === "" ? "" : Number(input.value);
  return spec.kind === "money" ? money(input.value, words.currency) : input.value;
}

// The inputs for a test's value, and how to read them.
function valueInputs(spec, op, value) {
  if (NOTHING.has(op)) return { parts: [], read: () => undefined };
  if (op === "between") {
    const given = Array.isArray(value) ? value : ["", ""];
    const inputs = [oneInput(spec, op, given[0], "Least"), oneInput(spec, op, given[1], "Most")];
    return { parts: [inputs[0], "and", inputs[1], spec.unit], read: () => inputs.map((input) => readOne(spec, input)) };
  }
  if (LISTS.has(op) && spec.choices.length) {
    const boxes = spec.choices.map((choice) => el("input", { type: "checkbox", value: choice, checked: Array.isArray(value) && value.includes(choice) }));
    const parts = boxes.map((box) => el("label", { class: "tick" }, box, box.value));
    return { parts, read: () => boxes.filter((box) => box.checked).map((box) => box.value) };
  }
  if (LISTS.has(op)) {
    const given = Array.isArray(value) ? value : value ? [value] : [];
    const box = el("textarea", { class: "field", rows: Math.min(6, Math.max(2, given.length)), "aria-label": "Values, one a line", placeholder: "one a line", value: given.join("\n"), spellcheck: false });
    return { parts: [box], read: () => box.value.split("\n").map((line) => line.trim()).filter(Boolean) };
  }
  const input = oneInput(spec, op, Array.isArray(value) ? value[0] : value, "Value");
  const unit = spec.kind === "money" ? words.currency : spec.unit;
  return { parts: [input, unit], read: () => readOne(spec, input) };
}

function buildTest(test, remove) {
  const row = el("li", { class: "test" });
  const isFact = test.field.startsWith("fact:");
  const fields = [...words.fields.map((field) => [field.name, field.label]), ["fact:", "another column…"]];
  const field = choose("What", fields, isFact ? "fact:" : test.field);
  const column = el("input", { class: "field", "aria-label": "Column of the catalog", placeholder: "column", value: isFact ? test.field.slice(5) : "", autocomplete: "off" });
  const op = el("span", { class: "test-op" });
  const values = el("span", { class: "test-value" });
  let ops = null;
  let inputs = null;
  const name = () => (field.value === "fact:" ? `fact:${column.value.trim()}` : field.value);

  function showValue(value) {
    inputs = valueInputs(specOf(name()), ops.value, value);
    values.replaceChildren(...inputs.parts.filter(Boolean));
  }
  function showOps(chosen, value) {
    const spec = specOf(name());
    const offered = spec.ops.map((key) => [key, words.ops[key]]);
    ops = choose("How", offered, spec.ops.includes(chosen) ? chosen : spec.ops[0]);
    ops.addEventListener("change", () => showValue(inputs.read()));
    op.replaceChildren(ops);
    column.hidden = field.value !== "fact:";
    showValue(value);
  }
  field.addEventListener("change", () => showOps(ops.value, undefined));
  showOps(test.op, test.value);
  row.append(field, column, op, values, iconButton("close", "Remove this condition", () => { remove(row); }));
  row.readPart = () => {
    const value = inputs.read();
    return value === undefined ? { field: name(), op: ops.value } : { field: name(), op: ops.value, value };
  };
  return row;
}

function parts(condition) {
  if ("all" in condition) return ["all", condition.all];
  if ("any" in condition) return ["any", condition.any];
  if ("not" in condition) return ["none", "any" in condition.not ? condition.not.any : [condition.not]];
  return ["all", [condition]];
}

// A group of conditions as an element with `readPart`.
export function buildGroup(condition, depth = 0, removeMe = null) {
  const [how, found] = parts(condition);
  const group = el(depth ? "li" : "div", { class: "group" });
  const list = el("ul", { class: "tests" });
  const select = choose("How conditions are joined", HOW, how);
  const intro = el("p", { class: "group-how" });
  const remove = (row) => {
    row.remove();
    tell();
    changed(group);
  };
  function tell() {
    const some = list.children.length;
    // One condition alone needs no word that joins it, unless that turns it round.
    const joins = some > 1 || select.value === "none";
    intro.replaceChildren(...(some ? [joins ? "Cards for which" : "Cards with", ...(joins ? [select] : [])] : ["Every card"]));
    if (removeMe) intro.append(iconButton("close", "Remove this group", () => { removeMe(group); }));
  }
  function add(part) {
    const isTest = "field" in part;
    list.append(isTest ? buildTest(part, remove) : buildGroup(part, depth + 1, remove));
    tell();
  }
  const addTest = el("button", { type: "button", class: "link-button", textContent: "+ Condition" });
  addTest.addEventListener("click", () => {
    add({ field: "set", op: "is", value: "" });
    list.lastElementChild.querySelector("select").focus();
    changed(group);
  });
  const addGroup = el("button", { type: "button", class: "link-button", textContent: "+ Group", hidden: depth + 1 >= DEEPEST });
  addGroup.addEventListener("click", () => {
    add({ any: [{ field: "set", op: "is", value: "" }] });
    changed(group);
  });
  group.append(intro, list, el("p", { class: "group-add" }, addTest, addGroup));
  for (const part of found) add(part);
  tell();
  group.readPart = () => {
    const read = [...list.children].map((row) => row.readPart());
    if (select.value === "none" && read.length) return { not: read.length === 1 ? read[0] : { any: read } };
    if (read.length === 1) return read[0];
    return select.value === "any" && read.length ? { any: read } : { all: read };
  };
  return group;
}
