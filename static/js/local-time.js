// Times come as UTC; this shows them in the browser's zone, or in UTC where the page asks for it.
// The exact UTC time stays in the title.
import { duration } from "./formats.js";

const two = (number) => String(number).padStart(2, "0");

// A date whose local parts are those of the zone in which the page shows times.
export function inZone(at) {
  if (document.documentElement.dataset.zone !== "utc") return at;
  return new Date(at.valueOf() + at.getTimezoneOffset() * 60_000);
}

export function localDay(at) {
  const shown = inZone(at);
  return `${shown.getFullYear()}-${two(shown.getMonth() + 1)}-${two(shown.getDate())}`;
}

export function localClock(at, withSeconds = false) {
  const shown = inZone(at);
  const clock = `${two(shown.getHours())}:${two(shown.getMinutes())}`;
  return withSeconds ? `${clock}:${two(shown.getSeconds())}` : clock;
}

export const localTime = (at) => `${localDay(at)} ${localClock(at)}`;

function rewrite(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) return;
  const ago = "ago" in time.dataset;
  const shown = `${localDay(at)} ${localClock(at, "seconds" in time.dataset)}`;
  const text = ago ? `${duration(Math.max(0, (Date.now() - at) / 1000))} ago` : shown;
  if (time.textContent !== text) time.textContent = text;
}

function rewriteAll(selector) {
  document.querySelectorAll(selector).forEach(rewrite);
}

rewriteAll("time[datetime]");
document.addEventListener("htmx:after:swap", () => rewriteAll("time[datetime]"));
setInterval(() => rewriteAll("time[data-ago]"), 5000);
