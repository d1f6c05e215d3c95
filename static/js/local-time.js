// Times come as UTC; this shows them in the browser's zone. The exact UTC time stays in the title.
const two = (number) => String(number).padStart(2, "0");

export function localTime(at) {
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

// As llamadash/formats.py `duration` has it; one table of vectors tests both.
export function duration(seconds) {
  const total = Math.trunc(seconds);
  const days = Math.trunc(total / 86400);
  const hours = Math.trunc(total / 3600) % 24;
  const minutes = Math.trunc(total / 60) % 60;
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${two(minutes)} min`;
  return minutes ? `${minutes} min ${two(total % 60)} s` : `${total} s`;
}

function rewrite(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) return;
  const ago = "ago" in time.dataset;
  const text = ago ? `${duration(Math.max(0, (Date.now() - at) / 1000))} ago` : localTime(at);
  if (time.textContent !== text) time.textContent = text;
}

function rewriteAll(selector) {
  document.querySelectorAll(selector).forEach(rewrite);
}

rewriteAll("time[datetime]");
document.addEventListener("htmx:after:swap", () => rewriteAll("time[datetime]"));
setInterval(() => rewriteAll("time[data-ago]"), 5000);
