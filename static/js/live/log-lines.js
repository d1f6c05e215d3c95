// Lines of a log as nodes. Their text is set as text: nothing in it can become a part of the page.
import { spans } from "../ansi.js";

const two = (number) => String(number).padStart(2, "0");

export function clock(at) {
  const utc = document.documentElement.dataset.zone === "utc";
  const date = new Date(utc ? at + new Date(at).getTimezoneOffset() * 60_000 : at);
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

export function make(name, text, className) {
  const node = document.createElement(name);
  if (text) node.textContent = text;
  if (className) node.className = className;
  return node;
}

// `{id, source, place, at, level, kind, text}`: level is a letter, at in milliseconds. `page` is the
// address of the page of logs, empty on that page itself.
export function lineNode(line, showsSource, page = "") {
  const isOurs = line.kind === "event" || line.kind === "gap";
  const colour = "EW".includes(line.level) ? line.level.toLowerCase() : "";
  const node = make("span", "", ["ln", colour, isOurs && "ev"].filter(Boolean).join(" "));
  if (line.id) node.id = `l${line.id}`;
  node.append(time(line, page));
  if (showsSource) node.append(" ", make("span", line.source.replace(".", " "), "who-l"));
  if ((isOurs || line.source === "app") && line.level !== "-") node.append(" ", make("b", line.level));
  node.append(" ");
  for (const [text, className] of spans(line.text)) {
    node.append(className ? make("span", text, className) : text);
  }
  node.append("\n"); // within the line, which is a block: it makes none of its own
  return node;
}

function time(line, page) {
  const node = make(line.place ? "a" : "span", clock(line.at), "at");
  node.title = `${new Date(line.at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  if (line.place) node.href = `${page}?source=${line.source}&line=${line.place}#l${line.place}`;
  return node;
}
