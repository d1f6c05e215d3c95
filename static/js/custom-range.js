// The form for a range of one's own speaks the zone of the page; addresses hold Unix seconds.
import { inZone } from "./local-time.js";

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

for (const field of fields) {
  if (field.dataset.at) field.value = typed(Number(field.dataset.at));
}
if (!isUtc) {
  for (const zone of form.querySelectorAll(".zone")) zone.textContent = "(local time)";
}

form.addEventListener("formdata", ({ formData }) => {
  for (const { name, value } of fields) {
    const at = seconds(value);
    if (Number.isFinite(at)) formData.set(name, String(at));
    else if (!value) formData.delete(name);
  }
});
