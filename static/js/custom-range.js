// The form for a range of one's own speaks the zone of the page; addresses hold Unix seconds.
import { inZone } from "./local-time.js";
import { onRange } from "./live/zoom.js";

const form = document.getElementById("custom");
const fields = [...form.querySelectorAll("input[type=datetime-local]")];
const isUtc = document.documentElement.dataset.zone === "utc";
const two = (number) => String(number).padStart(2, "0");

function typed(seconds) {
  const at = inZone(new Date(seconds * 1000));
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function seconds(text) {
  return Date.parse(isUtc ? `${text}Z` : text) / 1000;
}

// What each field shows without having been touched; the hour that comes twice has one text.
const untouched = new Map();

function fill(field, at) {
  field.value = typed(at);
  untouched.set(field, { at, value: field.value });
}

for (const field of fields) {
  const { at } = field.dataset;
  if (at) fill(field, Number(at));
}
// Zoomed charts change the address; back at what the page came with, so are the fields.
onRange((range) => {
  for (const field of fields) {
    const at = range ? range[field.name] : field.dataset.at;
    if (at) fill(field, Number(at));
  }
});
if (!isUtc) {
  for (const zone of form.querySelectorAll(".zone")) zone.textContent = "(local time)";
}

form.addEventListener("formdata", ({ formData }) => {
  for (const field of fields) {
    const { name, value } = field;
    const known = untouched.get(field);
    const at = known?.value === value ? known.at : seconds(value);
    if (Number.isFinite(at)) formData.set(name, String(at));
    else if (!value) formData.delete(name);
  }
});
