// The page of logs: live lines, and times in the browser's zone.
import * as socket from "./live/socket.js";
import { start } from "./live/log-tail.js";

start(socket);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

const form = document.getElementById("log-filters");
const at = form.elements.at;

if (at) {
  const zone = form.querySelector("#zone");
  if (document.documentElement.dataset.zone !== "utc") {
    zone.textContent = "";
    if (at.value) at.value = local(new Date(`${at.value}Z`));
    at.addEventListener("input", tellZone);
    tellZone();
  }
}

// The field writes no zone: with it goes what is to be added for UTC, at that time.
function tellZone() {
  form.elements.offset.value = at.value ? new Date(at.value).getTimezoneOffset() : 0;
}

function local(date) {
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
