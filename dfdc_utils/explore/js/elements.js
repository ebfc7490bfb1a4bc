// Elements are made here and nowhere else. What comes from files is text: there is no innerHTML in this module.

const SVG = "http://www.w3.org/2000/svg";

// h("button", { class: "a", onclick: f }, "text", child, ...): properties that begin with "on" are listeners, "data-"
// and
// "aria-" and what an element has no property for are attributes; null children are left out.
function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "muted") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

function labelled(text, control, note) {
  return h("label", { class: "dx-labelled", title: note }, h("span", {}, text), control);
}

function button(text, onclick, properties = {}) {
  return h("button", { type: "button", onclick, ...properties }, text);
}

function checkbox(text, onchange, checked = false) {
  const box = h("input", { type: "checkbox", checked, onchange: () => onchange(box.checked) });
  return Object.assign(h("label", { class: "dx-check" }, box, h("span", {}, text)), { box });
}

// choices: [[value, text], ...] or values alone.
function select(name, choices, onchange, value) {
  const options = choices.map((choice) => (Array.isArray(choice) ? choice : [choice, choice]));
  const list = h("select", { "aria-label": name, onchange: () => onchange(list.value) },
    options.map(([key, text]) => h("option", { value: key }, text)));
  if (value !== undefined) list.value = value;
  return list;
}

function slider(name, properties, oninput) {
  const range = h("input", { type: "range", "aria-label": name, ...properties,
    oninput: () => oninput(Number(range.value)) });
  return range;
}

// What is going on, also for those who do not see it.
function statusLine() {
  const line = h("p", { class: "dx-status", role: "status", "aria-live": "polite" });
  return Object.assign(line, { say: (text) => { line.textContent = text || ""; line.classList.remove("dx-error"); },
    fail: (error) => { line.textContent = error.message || String(error); line.classList.add("dx-error"); } });
}

// The sign says it too, for those who see no colours: a fake is a filled triangle, an original a hollow circle.
function badge(label) {
  const sign = { FAKE: "▲", REAL: "○" }[label] || "·";
  return h("span", { class: `dx-badge dx-${(label || "none").toLowerCase()}` }, `${sign} ${label || "no label"}`);
}

function percent(share) {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "–";
}

function later(milliseconds, action) {
  let timer = null;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
}

const TYPING = new Set(["INPUT", "SELECT", "TEXTAREA"]);

// Whether a key that was pressed is meant for the field it was pressed in. A ticked box takes the space bar only.
function typing(event) {
  const target = event.target;
  if (!TYPING.has(target.tagName)) return target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter");
  return target.type !== "checkbox" || event.key === " ";
}
