// Single keys; ignored while somebody types, and each browser can switch them off.
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

function help() {
  choice.checked = isOn();
  dialog.showModal();
}

function goTo(key) {
  const links = [...document.querySelectorAll("#side a[data-go]")];
  links.find((link) => link.dataset.go === key)?.click();
}

const ACTIONS = {
  "/": () => document.querySelector("main input[type=search]")?.focus(),
  "?": help,
  t: changeTheme,
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
  if (!action) return;
  event.preventDefault();
  action();
}

if (dialog) {
  document.addEventListener("keydown", pressed);
  choice.addEventListener("change", () => keep(choice.checked));
  for (const button of document.querySelectorAll(".keys-open")) {
    button.hidden = false;
    button.addEventListener("click", help);
  }
}
