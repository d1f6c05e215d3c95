// Where the grid lines of a chart are, and what stands on them.
import { BY_UNIT, amount } from "../formats.js";

const MOST_LINES = 4;
const BINARY = new Set(["bytes", "bytes_per_second"]);

// The smallest round step with which `span` takes at most 4.
function roundStep(span, isBinary) {
  const least = span / MOST_LINES;
  const base = isBinary ? 1024 : 10;
  const unit = base ** Math.floor(Math.log(least) / Math.log(base));
  const rounds = isBinary ? [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] : [1, 2, 5, 10];
  return unit * rounds.find((each) => unit * each >= least * 0.9999);
}

// `[low, high, step]`: from zero, unless there is something below it. `most` is a fixed end.
export function gridOf(low, high, unit, most = null) {
  if (most !== null) return [0, most, most / 2];
  const bottom = Math.min(0, low);
  const span = Math.max(high, 0) - bottom;
  if (!(span > 0)) return [bottom, bottom + 1, 1];
  const step = roundStep(span, BINARY.has(unit));
  return [Math.floor(bottom / step) * step, Math.ceil((high / step) * 0.9999) * step, step];
}

// Numbers on the lower lines, with the unit on the top one: 8, 16, "24 GiB".
export function gridLabels([low, high, step], unit) {
  const format = BY_UNIT[unit] ?? amount;
  const top = high || step; // all is below zero
  const [number, word] = format(top).split(" ");
  const factor = top / Number(number.replaceAll(",", ""));
  const labels = [];
  for (let at = low + step; at <= high + step / 2; at += step) {
    const text = Number((at / factor).toPrecision(3)).toLocaleString("en");
    labels.push([at, word && at > high - step / 2 ? `${text} ${word}` : text]);
  }
  return labels;
}
