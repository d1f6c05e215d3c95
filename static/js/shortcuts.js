// Single keys; ignored while somebody types, and each browser can switch them off.
import { readValues } from "./live/reading.js";
import { togglePause } from "./live/socket.js";
import { changeTheme } from "./theme.js";

const STORED = "llamadash.shortcuts";
const SEQUENCE_MS = 1500;
const dialog = document.getElementById("keys");
const choice = document.getElementById("keys-on");
let wentAt = -Infinity;

function isOn() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true; // storage is blocked: the choice cannot be kept
  }
}

function keep(on) {
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    choice.checked = true;
  }
}

function keptOpen() {
  try {
    return localStorage.getItem("llamadash.perf") === "on";
  } catch {
    return false;
  }
}

function help() {
  choice.checked = isOn();
  dialog.showModal();
}

function goTo(key) {
  const links = [...document.querySelectorAll("#side a[data-go]")];
  links.find((link) => link.dataset.go === key)?.click();
}

// Rows that lead somewhere; the link in a row is what Enter follows, as it is for everybody.
function focusedRow() {
  return document.activeElement?.closest("main tbody tr");
}

function move(step) {
  const links = [...document.querySelectorAll("main tbody th a[href]")];
  const row = focusedRow();
  const at = links.findIndex((link) => link.closest("tr") === row);
  const to = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
  links[Math.min(Math.max(to, 0), links.length - 1)]?.focus();
}

// Loaded when it is first wanted: most people never do.
async function togglePerf() {
  (await import("./live/perf.js")).toggle();
}

const BUTTONS = { help, pause: togglePause, read: readValues, perf: togglePerf };
const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  Escape: () => document.activeElement.blur(),
  "/": () => document.querySelector("main input[type=search]")?.focus(),
  "?": help,
  t: changeTheme,
  ".": togglePause,
  v: readValues,
  P: togglePerf,
  g: () => {
    wentAt = performance.now();
  },
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, select, textarea, [contenteditable], dialog")) return;
  if (!isOn()) return;
  const afterG = performance.now() - wentAt < SEQUENCE_MS;
  wentAt = -Infinity;
  const action = afterG ? () => goTo(event.key) : ACTIONS[event.key];
  if (!action || (event.key === "Escape" && !focusedRow())) return; // popovers close by it
  event.preventDefault();
  action();
}

if (dialog) {
  document.addEventListener("keydown", pressed);
  choice.addEventListener("change", () => keep(choice.checked));
  for (const button of document.querySelectorAll("[data-do]")) {
    button.hidden = false;
    button.addEventListener("click", BUTTONS[button.dataset.do]);
  }
  if (keptOpen()) togglePerf();
}
