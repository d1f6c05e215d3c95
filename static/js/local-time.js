// Times come as UTC; this shows them in the browser's zone, or in UTC where the page asks for it.
// The exact UTC time stays in the title.
import { duration } from "./formats.js";

const TWIN_MINUTES = [-60, -30, 30, 60]; // by which zones set their clocks
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

// "UTC+2" in the hour that comes twice, when clocks are set back; otherwise nothing.
export function whichOfTwo(at) {
  if (document.documentElement.dataset.zone === "utc") return "";
  const offset = at.getTimezoneOffset();
  const moved = (n) => new Date(at.valueOf() + n * 60_000).getTimezoneOffset() - offset;
  if (!TWIN_MINUTES.some((n) => moved(n) === n)) return "";
  const minutes = -offset;
  const [sign, size] = [minutes < 0 ? "-" : "+", Math.abs(minutes)];
  const rest = size % 60 ? `:${two(size % 60)}` : "";
  return `UTC${sign}${Math.floor(size / 60)}${rest}`;
}

function rewrite(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) return;
  const ago = "ago" in time.dataset;
  const clock = localClock(at, "seconds" in time.dataset);
  const shown = [localDay(at), clock, whichOfTwo(at)].filter(Boolean).join(" ");
  const text = ago ? `${duration(Math.max(0, (Date.now() - at) / 1000))} ago` : shown;
  if (time.textContent !== text) time.textContent = text;
}

function rewriteAll(selector) {
  document.querySelectorAll(selector).forEach(rewrite);
}

rewriteAll("time[datetime]");
document.addEventListener("htmx:after:swap", () => rewriteAll("time[datetime]"));
setInterval(() => rewriteAll("time[data-ago]"), 5000);
