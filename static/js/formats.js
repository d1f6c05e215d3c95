// How figures read: the twin of llamadash/formats.py, with its names; the same vectors test both.
const UNKNOWN = "-";
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const COUNT_UNITS = ["", "K", "M", "B", "T"];

const known = (value) => typeof value === "number" && Number.isFinite(value);

// A half is rounded to the even digit, as Python does it; toFixed rounds it away from zero.
function fixed(value, digits) {
  const isHalf = Math.abs((value * 2 ** (digits + 1)) % 2) === 1; // exact: by powers of two only
  const text = value.toFixed(digits);
  if (!isHalf || Number(text.at(-1)) % 2 === 0) return text;
  return (value - Math.sign(value) * (10 ** -digits / 4)).toFixed(digits);
}

function grouping(value, digits) {
  const [whole, part] = fixed(value, digits).split(".");
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part ? `${groups}.${part}` : groups;
}

// Rounded before the unit is chosen: no "1024.0 KiB".
function scaled(value, base, nUnits) {
  let unit = 0;
  while (unit < nUnits - 1 && Math.abs(Number(fixed(value, unit ? 1 : 0))) >= base) {
    value /= base;
    unit += 1;
  }
  return [value, unit];
}

export function size(bytes) {
  if (!known(bytes)) return UNKNOWN;
  const [value, unit] = scaled(bytes, 1024, BYTE_UNITS.length);
  return `${grouping(unit ? value : Math.trunc(value), unit ? 1 : 0)} ${BYTE_UNITS[unit]}`;
}

export const gibibytes = (bytes) => (known(bytes) ? grouping(bytes / 2 ** 30, 1) : UNKNOWN);

export function count(number) {
  if (!known(number)) return UNKNOWN;
  const [value, unit] = scaled(number, 1000, COUNT_UNITS.length);
  return `${fixed(value, unit ? 1 : 0)}${COUNT_UNITS[unit]}`;
}

export const grouped = (number) => (known(number) ? grouping(number, 0) : UNKNOWN);

export function seconds(value) {
  if (!known(value)) return UNKNOWN;
  const isBelow = (limit, factor) => Number((value * factor).toPrecision(3)) < limit;
  if (isBelow(9.95, 1000)) return `${fixed(value * 1000, 1)} ms`;
  if (isBelow(1000, 1000)) return `${fixed(value * 1000, 0)} ms`;
  return `${isBelow(9.995, 1) ? fixed(value, 2) : grouping(value, 1)} s`;
}

export function duration(value) {
  if (!known(value)) return UNKNOWN;
  const total = Math.trunc(value);
  const two = (number) => String(number).padStart(2, "0");
  const days = Math.trunc(total / 86400);
  const hours = Math.trunc(total / 3600) % 24;
  const minutes = Math.trunc(total / 60) % 60;
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${two(minutes)} min`;
  return minutes ? `${minutes} min ${two(total % 60)} s` : `${total} s`;
}

// Whole from 10 on and at 0, with one decimal between.
const short = (value) => grouping(value, value >= 9.95 || value === 0 ? 0 : 1);

export function percent(ratio) {
  return known(ratio) ? `${short(ratio * 100).replaceAll(",", "")} %` : UNKNOWN;
}

export const watts = (value) => (known(value) ? `${short(value)} W` : UNKNOWN);
export const celsius = (degrees) => (known(degrees) ? `${fixed(degrees, 0)} °C` : UNKNOWN);
export const rate = (bytes) => (known(bytes) ? `${size(bytes)}/s` : UNKNOWN);
export const per_second = (number) => (known(number) ? `${grouping(number, 1)} /s` : UNKNOWN);

export function amount(number) {
  if (!known(number)) return UNKNOWN;
  return grouping(number, Number.isInteger(number) || Math.abs(number) >= 99.95 ? 0 : 1);
}

export function hertz(value) {
  if (!known(value)) return UNKNOWN;
  const mega = value / 1e6;
  return mega < 999.5 ? `${fixed(mega, 0)} MHz` : `${grouping(mega / 1000, 2)} GHz`;
}

export const BY_UNIT = {
  ratio: percent,
  bytes: size,
  bytes_per_second: rate,
  per_second,
  count: amount,
  seconds,
  celsius,
  watts,
  hertz,
};
