// A model's text as elements. What it cannot read stays as it was written; nothing in a text becomes
// a link, an image or an element of its own. Made of text nodes only.
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}#{1,6}\s+(\S.*)$/;
const BULLET = /^( {0,3})([-*+])\s+(\S.*)$/;
const NUMBER = /^( {0,3})(\d{1,9})[.)]\s+(\S.*)$/;
const RULE = /^ {0,3}(?:-\s*){3,}$|^ {0,3}(?:\*\s*){3,}$/;
const QUOTE = /^ {0,3}> ?/;
const DEEPEST = 6;
const LONGEST_INLINE = 20_000; // characters of a paragraph in which marks are looked for

const make = (name, ...children) => {
  const element = document.createElement(name);
  element.append(...children);
  return element;
};

export function render(text) {
  return blocks(text.replaceAll("\r\n", "\n").split("\n"), 0);
}

// How far a text that still grows is whole: behind a blank line, or a block of code that is closed.
export function wholeUpTo(text, from) {
  let fence = null;
  let whole = from;
  let at = from;
  for (;;) {
    const end = text.indexOf("\n", at);
    if (end < 0) return whole;
    const line = text.slice(at, end).trimEnd();
    at = end + 1;
    if (fence !== null) {
      if (closes(line, fence)) {
        fence = null;
        whole = at;
      }
    } else if (line === "") whole = at;
    else fence = FENCE.exec(line)?.[1] ?? null;
  }
}

// A heading may end with the signs that it begins with.
function bare(text) {
  let end = text.trimEnd().length;
  while (text[end - 1] === "#") end -= 1;
  return text.slice(0, end).trim();
}

const closes = (line, fence) => {
  const bare = line.trim();
  return bare.length >= fence.length && bare === fence[0].repeat(bare.length);
};

function blocks(lines, depth) {
  const out = document.createDocumentFragment();
  let paragraph = [];
  const end = () => {
    if (paragraph.length) out.append(make("p", ...inline(paragraph.join("\n"))));
    paragraph = [];
  };
  for (let at = 0; at < lines.length; ) {
    const [element, next] = block(lines, at, depth, paragraph.length > 0);
    if (element === null) {
      if (lines[at].trim() === "") end();
      else paragraph.push(lines[at].trim());
      at += 1;
    } else {
      end();
      out.append(element);
      at = next;
    }
  }
  end();
  return out;
}

// The block that begins here and where the next one does; null for a line of a paragraph.
function block(lines, at, depth, inParagraph) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) return code(lines, at, fence);
  const heading = HEADING.exec(line);
  if (heading) return [make("p", make("strong", ...inline(bare(heading[1])))), at + 1];
  if (RULE.test(line)) return [make("hr"), at + 1];
  if (depth >= DEEPEST) return [null, at];
  if (QUOTE.test(line)) return quote(lines, at, depth);
  if (BULLET.test(line)) return list(lines, at, depth, BULLET, "ul");
  // A line that begins with a number is not a list's first in the middle of a paragraph.
  if (NUMBER.test(line) && !inParagraph) return list(lines, at, depth, NUMBER, "ol");
  return [null, at];
}

function code(lines, at, [, fence, info]) {
  let end = at + 1;
  while (end < lines.length && !closes(lines[end], fence)) end += 1;
  return [codeBlock(lines.slice(at + 1, end).join("\n"), info.trim()), end + 1];
}

function codeBlock(text, language) {
  const pre = make("pre", make("code", text));
  pre.className = "cmd";
  pre.tabIndex = 0;
  const head = make("div", make("span", language.slice(0, 40)));
  head.className = "row sub";
  if (navigator.clipboard) head.append(copyButton(text));
  const box = make("div", head, pre);
  box.className = "code";
  return box;
}

export function copyButton(text) {
  const button = make("button", "copy");
  button.type = "button";
  button.className = "copy";
  button.dataset.copy = text;
  return button;
}

function quote(lines, at, depth) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [make("blockquote", blocks(inner, depth + 1)), end];
}

function list(lines, at, depth, mark, name) {
  const element = make(name);
  const first = mark.exec(lines[at]);
  if (name === "ol" && Number(first[2]) !== 1) element.start = Number(first[2]);
  let end = at;
  while (end < lines.length) {
    const begun = mark.exec(lines[end]);
    if (!begun) break;
    const item = [begun[3]];
    const width = lines[end].length - begun[3].length;
    for (end += 1; end < lines.length; end += 1) {
      const line = lines[end];
      if (line.trim() === "") {
        if (!belongs(lines[end + 1], mark)) break;
        item.push("");
      } else if (/^ {2,}|^\t/.test(line)) item.push(outdented(line, width));
      else if (mark.test(line) || BULLET.test(line) || NUMBER.test(line) || FENCE.test(line)) break;
      else item.push(line);
    }
    element.append(make("li", ...itemContent(item, depth)));
    while (end < lines.length && lines[end].trim() === "" && mark.test(lines[end + 1] ?? "")) end += 1;
  }
  return [element, end];
}

// Whether the line behind a blank one is of the same item.
const belongs = (line, mark) => line !== undefined && /^ {2,}\S|^\t/.test(line) && !mark.test(line);

const outdented = (line, width) => {
  const tabless = line.replace(/^\t/, "    ");
  const indent = tabless.length - tabless.trimStart().length;
  return tabless.slice(Math.min(indent, width));
};

// A single paragraph stands in the item itself.
function itemContent(lines, depth) {
  const inner = blocks(lines, depth + 1);
  const only = inner.childNodes;
  if (only[0]?.nodeName === "P") only[0].replaceWith(...only[0].childNodes);
  return [...inner.childNodes];
}

// ---------------------------------------------------------------- inside a paragraph
const MARKS = [
  ["**", "strong"],
  ["*", "em"],
];

function inline(text) {
  if (text.length > LONGEST_INLINE) return [text];
  const out = [];
  const gone = new Set(); // marks that nothing closes any more
  let plain = "";
  const put = (node) => {
    if (plain) out.push(plain);
    plain = "";
    out.push(node);
  };
  for (let at = 0; at < text.length; ) {
    const found = text[at] === "`" ? codeSpan(text, at, gone) : marked(text, at, gone);
    if (found) {
      put(found.node);
      at = found.end;
    } else {
      const run = text[at] === "`" || text[at] === "*" ? runOf(text, at) : 1;
      plain += text.slice(at, at + run);
      at += run;
    }
  }
  if (plain) out.push(plain);
  return out;
}

function runOf(text, at) {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return end - at;
}

function codeSpan(text, at, gone) {
  const run = runOf(text, at);
  const ticks = "`".repeat(run);
  if (gone.has(ticks)) return null;
  for (let end = text.indexOf(ticks, at + run); end >= 0; ) {
    const length = runOf(text, end);
    if (length === run) {
      const inner = text.slice(at + run, end);
      return { node: make("code", /^ .* $/s.test(inner) ? inner.slice(1, -1) : inner), end: end + run };
    }
    end = text.indexOf(ticks, end + length);
  }
  gone.add(ticks);
  return null;
}

function marked(text, at, gone) {
  if (text[at] !== "*") return null;
  for (const [mark, name] of MARKS) {
    if (!text.startsWith(mark, at) || runOf(text, at) !== mark.length || gone.has(mark)) continue;
    const start = at + mark.length;
    if (/\s/.test(text[start] ?? " ")) continue;
    const end = closing(text, start, mark);
    if (end > start) {
      return { node: make(name, ...inline(text.slice(start, end))), end: end + mark.length };
    }
    gone.add(mark);
  }
  return null;
}

function closing(text, from, mark) {
  for (let end = text.indexOf(mark, from); end >= 0; ) {
    const length = runOf(text, end);
    if (length === mark.length && !/\s/.test(text[end - 1])) return end;
    end = text.indexOf(mark, end + length);
  }
  return -1;
}
