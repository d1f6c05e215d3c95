// Live values in the text of a page. The server renders them with what it knows; these keep them
// current with the fewest changes: one text, one attribute, and none where it reads the same.
import * as formats from "../formats.js";
import "./chip.js";
import { LiveElement } from "./element.js";
import { sparkPath } from "./spark-path.js";
import * as store from "./store.js";

const REDRAW_MS = 5000;

// `<live-value topic key format>23 %</live-value>`; with `part`, only its number or its unit.
class LiveValue extends LiveElement {
  entered() {
    this.follow(this.getAttribute("key"), (value) => this.show(value));
  }

  show(value) {
    const format = formats[this.getAttribute("format")] ?? formats.amount;
    const text = partOf(format(value), this.getAttribute("part"));
    // The title of a dash says why nothing is known.
    if (value !== null && this.textContent === "-") this.removeAttribute("title");
    put(this, text);
  }
}

function partOf(text, part) {
  const at = text.lastIndexOf(" ");
  if (part === "unit") return at < 0 ? "" : text.slice(at + 1);
  return part === "number" && at > 0 ? text.slice(0, at) : text;
}

function put(element, text) {
  const node = element.firstChild;
  if (node?.nodeType !== Node.TEXT_NODE) element.textContent = text;
  else if (node.data !== text) node.data = text;
}

// `<live-meter topic key of for>`: the width of the rect with the id `for`. `of` is the whole, a
// number or a key.
class LiveMeter extends LiveElement {
  entered() {
    const show = () => this.show();
    const of = this.getAttribute("of");
    this.follow(this.getAttribute("key"), show);
    if (Number.isNaN(Number(of))) this.follow(of, show);
  }

  show() {
    const of = this.getAttribute("of");
    const whole = Number.isNaN(Number(of)) ? store.read(this.topic, of) : Number(of);
    const value = store.read(this.topic, this.getAttribute("key"));
    const ratio = whole > 0 ? Math.min(Math.max((value ?? 0) / whole, 0), 1) : 0;
    const width = `${(ratio * 100).toFixed(1)}%`;
    const rect = document.getElementById(this.getAttribute("for"));
    if (rect && rect.getAttribute("width") !== width) rect.setAttribute("width", width);
  }
}

// `<live-spark topic key seconds data-values data-end>` around `<svg class="spark"><path>`. What
// the server has drawn is in `data-values`: a mean for each point, the last one until `data-end`.
class LiveSpark extends LiveElement {
  #drawn = [];

  entered() {
    if (!this.#drawn.length) this.#drawn = this.drawnByServer();
    store.history(this.topic, this.getAttribute("key")); // is kept from now on
    this.every(REDRAW_MS, () => this.redraw());
  }

  drawnByServer() {
    const values = (this.dataset.values ?? "").split(",");
    const step = this.seconds / values.length;
    const start = Number(this.dataset.end) - this.seconds;
    const read = (text) => (text === "" ? null : Number(text));
    return values.map((text, index) => [start + (index + 1) * step, read(text)]);
  }

  get seconds() {
    return Number(this.getAttribute("seconds") ?? 300);
  }

  redraw() {
    const now = store.now(this.topic);
    if (now === null || this.isStale) return;
    const n = this.#drawn.length;
    const passed = this.#drawn.filter(([at]) => at <= now); // all, unless the clock was set back
    const noted = [...passed, ...store.history(this.topic, this.getAttribute("key"))];
    const drawing = sparkPath(means(noted, now, this.seconds, n));
    const path = this.querySelector("path");
    if (path && path.getAttribute("d") !== drawing) path.setAttribute("d", drawing);
  }
}

// For each of n equal parts of the time shown: the mean of what came in it, else what held then.
function means(noted, now, seconds, n) {
  const step = seconds / n;
  const found = [];
  let held = null;
  let next = 0;
  for (let part = 1; part <= n; part += 1) {
    const end = now - seconds + part * step;
    const came = [];
    for (; next < noted.length && noted[next][0] <= end; next += 1) {
      held = noted[next][1];
      if (held !== null && noted[next][0] > end - step) came.push(held);
    }
    found.push(came.length ? came.reduce((sum, value) => sum + value) / came.length : held);
  }
  return found;
}

customElements.define("live-value", LiveValue);
customElements.define("live-meter", LiveMeter);
customElements.define("live-spark", LiveSpark);
