// Which time the charts of a page show: that of its address. Zooming is a step in the history.
import { localClock, localDay, whichOfTwo } from "../local-time.js";

const SHORTEST_SECONDS = 10; // what the server draws
const loaded = location.search; // what the page was made for
const listeners = new Set();

// `{start, end}` in Unix seconds; null: what the page came with.
let range = null;
const undo = [];

export const currentRange = () => range;

export function onRange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function zoom(start, end) {
  const middle = (start + end) / 2;
  const half = Math.max(end - start, SHORTEST_SECONDS) / 2;
  const next = { start: Math.floor(middle - half), end: Math.ceil(middle + half) };
  const address = withRange(location.href, next);
  history.pushState({ charts: true }, "", address);
  change(next);
}

// Back to the range before the zoom.
export function unzoom() {
  if (history.state?.charts) history.back();
}

function withRange(address, { start, end }) {
  const url = new URL(address, location.href);
  url.searchParams.delete("range");
  url.searchParams.set("start", start);
  url.searchParams.set("end", end);
  return url;
}

function change(next) {
  for (const restore of undo.splice(0)) restore();
  range = next;
  if (range) showRange(range);
  for (const listener of [...listeners]) listener(range);
}

// What the server has written about the range; `undo` puts it back.
function showRange({ start, end }) {
  const text = rangeText(new Date(start * 1000), new Date(end * 1000));
  const words = end * 1000 > Date.now() ? "a range that has not ended yet" : "a range of the past";
  write("[data-range-text]", text);
  write("[data-range-words]", words);
  const spoken = ({ ariaLabel, dataset }) => ariaLabel.replace(`, ${dataset.range};`, `, ${text};`);
  set(".canvas[data-range]", "ariaLabel", spoken);
  set("a[data-range-link]", "href", ({ href }) => withRange(href, range).href);
  set("[data-follows], #cores", "hidden", () => true);
  set(".ranges [aria-current]", "ariaCurrent", () => null);
}

function rangeText(from, to) {
  const inSeconds = to - from < 600_000;
  const clock = (at) => [localClock(at, inSeconds), whichOfTwo(at)].filter(Boolean).join(" ");
  const day = localDay(from) === localDay(to) ? "" : `${localDay(to)} `;
  return `${localDay(from)} ${clock(from)} to ${day}${clock(to)}`;
}

function write(selector, text) {
  for (const element of document.querySelectorAll(selector)) {
    const before = [...element.childNodes]; // times that say the exact moment
    undo.push(() => element.replaceChildren(...before));
    element.replaceChildren(text);
  }
}

function set(selector, property, make) {
  for (const element of document.querySelectorAll(selector)) {
    const before = element[property];
    undo.push(() => {
      element[property] = before;
    });
    element[property] = make(element);
  }
}

addEventListener("popstate", () => {
  const shown = range ? withRange(location.href, range).search : loaded;
  if (!listeners.size || location.search === shown) return; // only the part of the page
  const asked = new URLSearchParams(location.search);
  const [start, end] = ["start", "end"].map((name) => Number.parseFloat(asked.get(name)));
  if (location.search === loaded) change(null);
  else if (`${start} ${end}` === `${asked.get("start")} ${asked.get("end")}`) change({ start, end });
  else location.reload(); // a range that only the server knows to read
});
