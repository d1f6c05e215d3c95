// Colours of a terminal as classes, as logs_app/core/ansi.py has them for the lines that come with
// the page. Whatever else steers a terminal is dropped.
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b(?:\[([\d;]{0,32})m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?/g;
const COLOURS = "krgybmcw";

// `[[text, classes], ...]`
export function spans(line) {
  if (!line.includes("\x1b")) return [[line, ""]];
  const found = [];
  const look = { colour: "", bold: "" };
  let at = 0;
  for (const escape of line.matchAll(ESCAPE)) {
    if (escape.index > at) found.push([line.slice(at, escape.index), classes(look)]);
    at = escape.index + escape[0].length;
    if (escape[1] !== undefined) take(look, escape[1].split(";").map(Number));
  }
  if (at < line.length) found.push([line.slice(at), classes(look)]);
  return found;
}

const classes = ({ colour, bold }) => [colour, bold].filter(Boolean).join(" ");

function take(look, codes) {
  while (codes.length) {
    const code = codes.shift();
    if (code === 38 || code === 48) codes.splice(0, { 5: 2, 2: 4 }[codes[0] ?? 0] ?? 1);
    else if (code === 0) Object.assign(look, { colour: "", bold: "" });
    else if (code === 1 || code === 22) look.bold = code === 1 ? "bold" : "";
    else if (code === 39) look.colour = "";
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) look.colour = `a${COLOURS[code % 10]}`;
  }
}
