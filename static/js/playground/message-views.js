// What was said, as the page shows it. Texts of models are hostile: text nodes only.
import { localClock } from "../local-time.js";
import { grouped, per_second, seconds } from "../formats.js";
import { copyButton, render, wholeUpTo } from "./markdown.js";

const SHOW_MS = 50; // twenty times a second is as often as an eye sees
const NOTED_MS = 100; // a wait that somebody has felt

const make = (name, className, ...children) => {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
};

function head(name, at) {
  const who = make("b", "", name);
  const clock = make("time", "sub", localClock(new Date(at), true));
  clock.dateTime = new Date(at).toISOString();
  return make("header", "", who, clock);
}

function button(word, action) {
  const element = make("button", "copy", word);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

// `again` is offered where a message has no answer.
export function mine({ text, images = [], nImages = 0, at }, again) {
  const article = make("article", "msg me", head("You", at));
  images.forEach((url, index) => {
    const picture = make("img", "pic");
    picture.src = url;
    picture.alt = `Image ${index + 1} that you attached`;
    article.append(picture);
  });
  if (!images.length && nImages) {
    article.append(make("p", "sub", `${nImages} image${nImages > 1 ? "s" : ""}, no longer kept in this tab`));
  }
  if (text) article.append(make("p", "wrap", text));
  if (again) article.append(make("p", "row sub", button("ask again", again)));
  return article;
}

export function theirs(message, again) {
  const view = new AnswerView(message.model, message.at, message.hue);
  view.end(message, again);
  return view.element;
}

// One answer: grows while it comes, then stands as it was meant.
export class AnswerView {
  #swatch = make("i", "sw off");
  #state = make("span", "sub");
  #reasoning = document.createTextNode("");
  #thinking = make("details", "think", make("summary", "", "Reasoning"), make("p", "wrap", this.#reasoning));
  #done = make("div", "said");
  #rest = document.createTextNode("");
  #growing = make("p", "wrap caret", this.#rest);
  #figures = make("p", "row sub figures");
  #acts = make("p", "row sub");
  #wholeTo = 0;
  #shownAt = -Infinity;
  #planned = 0;
  #answer = null;

  constructor(name, at, hue) {
    this.#thinking.hidden = true;
    this.#growing.hidden = true;
    const top = head(name, at);
    top.firstChild.prepend(this.#swatch);
    top.append(this.#state);
    this.#colour(hue);
    this.element = make("article", "msg", top, this.#thinking, this.#done, this.#growing, this.#figures, this.#acts);
    this.element.setAttribute("aria-busy", "true");
  }

  // The hue that the model has in memory.
  #colour(hue) {
    this.#swatch.className = hue ? `sw ${hue}` : "sw off";
  }

  says(words) {
    if (this.#state.textContent !== words) this.#state.textContent = words;
  }

  // As often as it changes; drawn twenty times a second at most.
  grow(answer, drawn) {
    this.#answer = answer;
    if (this.#planned) return;
    const wait = Math.max(0, SHOW_MS - (performance.now() - this.#shownAt));
    this.#planned = setTimeout(() => {
      this.#planned = 0;
      this.#shownAt = performance.now();
      drawn(() => this.#draw());
    }, wait);
  }

  #draw() {
    const { text, reasoning } = this.#answer;
    this.#showReasoning(reasoning);
    const to = wholeUpTo(text, this.#wholeTo);
    if (to > this.#wholeTo) {
      this.#done.append(render(text.slice(this.#wholeTo, to)));
      this.#wholeTo = to;
    }
    const rest = text.slice(to);
    this.#growing.hidden = !rest;
    if (this.#rest.data !== rest) this.#rest.data = rest;
    this.figures(this.#answer);
  }

  #showReasoning(text) {
    if (!text || this.#reasoning.data === text) return;
    this.#thinking.hidden = false;
    this.#reasoning.data = text;
  }

  figures({ speed, firstTokenSeconds, generated, pieces, prompt, cached, queueMs }) {
    const words = [];
    if (speed) words.push(`${speed.isEstimate ? "≈ " : ""}${per_second(speed.value).replace("/s", "tok/s")}`);
    if (firstTokenSeconds !== null) words.push(`first token ${seconds(firstTokenSeconds)}`);
    if (queueMs >= NOTED_MS) words.push(`waited ${seconds(queueMs / 1000)}`);
    if (generated !== null) words.push(`${grouped(generated)} tokens`);
    else if (pieces) words.push(`≈ ${grouped(pieces)} tokens`);
    if (prompt !== null) words.push(`prompt ${grouped(prompt)}${cached ? `, ${grouped(cached)} from the cache` : ""}`);
    this.#write(words);
  }

  #write(words) {
    while (this.#figures.childElementCount < words.length) this.#figures.append(make("span", ""));
    [...this.#figures.children].forEach((span, index) => {
      const word = words[index] ?? "";
      if (span.textContent !== word) span.textContent = word;
    });
  }

  // `message` is as it is kept: text, reasoning, figures, end.
  end(message, again) {
    this.#colour(message.hue);
    clearTimeout(this.#planned);
    this.#showReasoning(message.reasoning ?? "");
    this.#growing.remove();
    this.#done.replaceChildren(render(message.text));
    if (message.figures) this.figures(message.figures);
    this.says(message.text || message.end === "stopped" ? (END[message.end] ?? "") : "");
    this.element.removeAttribute("aria-busy");
    if (message.text && navigator.clipboard) this.#acts.append(copyButton(message.text));
    if (again) this.#acts.append(button("ask again", again));
  }

  // What went wrong, and what to do.
  fail(words, link) {
    const note = document.getElementById("failed").content.firstElementChild.cloneNode(true);
    note.querySelector("p").textContent = words;
    const way = note.querySelector("a");
    if (link) {
      way.href = link.href;
      way.textContent = link.word;
      way.hidden = false;
    }
    this.#acts.before(note);
  }
}

const END = { length: "ended at the limit of tokens", stopped: "stopped", failed: "not finished" };
