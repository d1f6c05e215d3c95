// `<live-chart src topic unit [max] [follow]>` around a `<figure class="plot">` that the server has
// made with its table of figures. A page with charts also loads uPlot, before this.
import { debounce } from "../debounce.js";
import { BY_UNIT, amount } from "../formats.js";
import { localClock, localTime } from "../local-time.js";
import { backoffMs } from "./backoff.js";
import { LiveElement } from "./element.js";
import { Plot } from "./plot.js";
import { currentRange, onRange, unzoom, zoom } from "./zoom.js";
import { SeriesData } from "./series-data.js";
import { status } from "./socket.js";
import * as store from "./store.js";
import { onTheme } from "./theme-colours.js";

const TICK_MS = 1000;
const RESIZE_MS = 150;
const RELOAD_SECONDS = 60; // while it follows: mean and percentile are the server's to know
const HELD_SECONDS = 5; // a value that did not change for so long was still there
const DEADLINE_MS = 15_000;
const BACKOFF_MS = { first: 2000, longest: 60_000 };
const LONGEST_ASKED_WAIT_MS = 600_000; // of a server that says when to come again
const POINTS = { least: 60, most: 720 };

class LiveChart extends LiveElement {
  #stop = null; // of the request under way
  #loadedAt = -Infinity;
  #tookSeconds = 0; // the last answer
  #wanted = null; // the range whose figures are shown or under way
  #refused = null; // the range that failed last
  #failures = 0;
  #againAt = 0;
  #pointed = null; // the time of a step

  connectedCallback() {
    this.host = this.querySelector(".canvas");
    this.rows = [...this.querySelectorAll("tr[data-series]")];
    this.keys = this.rows.map((row) => row.dataset.series);
    this.data = new SeriesData(this.keys);
    this.cameWith = spanOf(this.getAttribute("src"));
    this.format = BY_UNIT[this.getAttribute("unit")] ?? amount;
    this.plot = new Plot(this.host, this.lines(), {
      unit: this.getAttribute("unit"),
      most: this.hasAttribute("max") ? Number(this.getAttribute("max")) : null,
      span: () => this.span(),
      on: { zoom, unzoom, point: (index) => this.point(index) },
    });
    this.clicked = (event) => this.click(event);
    this.addEventListener("click", this.clicked);
    this.resized = debounce(() => this.plot.resize(), RESIZE_MS);
    this.sizes = new ResizeObserver(this.resized);
    this.sizes.observe(this.host);
    this.ends = [onTheme(() => this.plot.recolour()), onRange(() => this.again())];
    const png = this.querySelector("[data-png]");
    if (png) png.hidden = false;
    super.connectedCallback();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.removeEventListener("click", this.clicked);
    this.sizes.disconnect();
    this.resized.cancel();
    for (const end of this.ends) end();
    this.plot.destroy();
    this.#wanted = this.#refused = null;
  }

  lines() {
    return this.rows.map((row) => {
      const swatch = row.querySelector(".sw");
      return { swatch, dashed: swatch.classList.contains("i2") };
    });
  }

  get follows() {
    return this.hasAttribute("follow") && !currentRange();
  }

  get held() {
    return this.follows ? this.topic : null;
  }

  entered() {
    this.refresh();
    this.every(TICK_MS, () => this.tick());
    this.until(() => this.cancel());
  }

  // The server's clock, also before a live value has come.
  now() {
    return store.now(this.topic) ?? this.cameWith.end + performance.now() / 1000;
  }

  span() {
    const zoomed = currentRange();
    if (zoomed) return [zoomed.start, zoomed.end];
    const { start, end } = this.cameWith;
    if (!this.follows) return [start, end];
    return [this.now() - (end - start), this.now()];
  }

  address() {
    const url = new URL(this.getAttribute("src"), location.href);
    const [start, end] = this.span();
    const points = Math.round(this.host.clientWidth / 2);
    url.searchParams.set("start", Math.floor(start));
    url.searchParams.set("end", Math.ceil(end));
    url.searchParams.set("points", Math.min(Math.max(points, POINTS.least), POINTS.most));
    return url;
  }

  refresh() {
    const isOld = this.follows && performance.now() / 1000 - this.#loadedAt > HELD_SECONDS;
    if (isOld || this.#wanted !== this.range()) this.loadInTurn();
  }

  // One request for a range at a time; after a failure not before it may be better.
  loadInTurn() {
    const isUnderWay = this.#stop && this.#wanted === this.range();
    const isTooSoon = this.#refused === this.range() && performance.now() < this.#againAt;
    if (!isUnderWay && !isTooSoon) this.load();
  }

  // What is shown, apart from the time that passes.
  range() {
    const zoomed = currentRange();
    return zoomed ? `${zoomed.start} ${zoomed.end}` : "as loaded";
  }

  async load() {
    this.cancel();
    const stop = new AbortController();
    this.#stop = stop;
    this.#wanted = this.range();
    this.#loadedAt = performance.now() / 1000;
    try {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(DEADLINE_MS)]);
      const answer = await fetch(this.address(), { signal });
      if (!answer.ok) throw await refusal(answer);
      const figures = await answer.json();
      if (this.#stop !== stop) return;
      this.#tookSeconds = performance.now() / 1000 - this.#loadedAt;
      this.#failures = 0;
      this.#refused = null;
      this.show(figures);
      this.#stop = null;
    } catch (error) {
      if (this.#stop !== stop) return; // another has begun, or nobody looks
      this.#stop = null;
      this.fail(error);
    }
  }

  cancel() {
    if (!this.#stop) return;
    this.#stop.abort();
    this.#stop = this.#wanted = null;
  }

  show(answer) {
    this.data.replace(answer);
    this.note(this.data.isEmpty ? "No figures in this range." : "");
    this.draw();
    if (this.#pointed === null) this.head(null);
    this.rows.forEach((row, index) => this.fill(row, answer.summary?.[this.keys[index]] ?? {}));
  }

  draw() {
    this.plot.show(this.data.times, this.data.columns);
  }

  fill(row, summary) {
    for (const cell of row.querySelectorAll("[data-part]")) {
      const { part } = cell.dataset;
      if (part !== "now" || this.#pointed === null) this.put(cell, summary[part] ?? null);
    }
  }

  put(cell, value) {
    const text = this.format(value);
    if (cell.textContent === text) return;
    cell.firstChild.data = text;
    if (cell.title) cell.title = ""; // it said why there was no figure
  }

  fail(error) {
    const waitMs = backoffMs(this.#failures, BACKOFF_MS.first, BACKOFF_MS.longest);
    this.#failures += 1;
    this.#refused = this.#wanted;
    this.#wanted = null;
    this.#againAt = performance.now() + Math.max(waitMs, error.againMs ?? 0);
    const words = error.name === "TimeoutError" ? "the server takes too long." : error.message;
    this.note(`The figures could not be loaded: ${words}`, true);
  }

  // A line under the drawing: nothing to see, or what went wrong. Said once while it is the same.
  note(text, isProblem = false) {
    const before = this.querySelector(".plot-note");
    if (before?.firstChild.data === text) return;
    before?.remove();
    if (!text) return;
    const line = document.createElement("p");
    line.className = `plot-note ${isProblem ? "err" : "mut"}`;
    line.textContent = text;
    if (isProblem) {
      line.setAttribute("role", "alert");
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "btn q", textContent: "Retry" });
      button.addEventListener("click", () => this.load());
      line.append(" ", button);
    }
    this.host.after(line);
  }

  tick() {
    if (!this.follows || !this.data.times.length) return;
    if (status.name !== "live" || this.isStale || store.now(this.topic) === null) return;
    const [start, now] = this.span();
    const { end, step } = this.data;
    const isOld = performance.now() / 1000 - this.#loadedAt > Math.max(RELOAD_SECONDS, step);
    const isCutOff = now - end > Math.max(HELD_SECONDS + this.#tookSeconds, step);
    if (isOld || isCutOff) this.loadInTurn();
    if (isCutOff) return;
    const values = this.keys.map((key) => store.read(this.topic, key) ?? null);
    if (this.data.take(now, values, start)) this.draw();
    if (this.#pointed !== null) return;
    this.querySelector(".plot-note.mut")?.remove();
    values.forEach((value, index) => this.put(this.cell(index), value));
  }

  cell(index) {
    return this.rows[index].querySelector("[data-part=now]");
  }

  // While the cursor of any chart is at a moment, the column "now" is of that moment.
  point(index) {
    if (index === undefined) return;
    const at = this.data.times[index] ?? null; // steps move on under a cursor that rests
    if (at === this.#pointed) return;
    this.#pointed = at;
    const step = at === null ? null : index;
    this.head(at === null ? null : new Date(at * 1000));
    this.keys.forEach((key, i) => {
      const live = at === null && this.follows ? store.read(this.topic, key) : undefined;
      this.put(this.cell(i), live === undefined ? this.data.value(i, step) : live);
    });
  }

  head(at) {
    const head = this.querySelector("thead th:nth-child(2)");
    const text = at ? localClock(at, this.data.step < 60) : this.follows ? "now" : "last";
    if (head.textContent !== text) head.textContent = text;
    head.title = at ? localTime(at) : "";
  }

  click(event) {
    const button = event.target.closest("button");
    if (button?.classList.contains("series")) this.toggle(button);
    else if (button && "png" in button.dataset) this.save();
  }

  toggle(button) {
    const isShown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isShown));
    this.plot.toggle(this.rows.indexOf(button.closest("tr")), isShown);
  }

  save() {
    if (!this.plot.plot) return; // nothing is drawn
    const title = this.querySelector("h2, h3").textContent.trim();
    this.plot.picture(title).toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${title.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }
}

function spanOf(src) {
  const asked = new URL(src, location.href).searchParams;
  return { start: Number(asked.get("start")), end: Number(asked.get("end")) };
}

// `againMs`: when the server says how long to wait.
async function refusal(answer) {
  const seconds = Number(answer.headers.get("Retry-After") ?? 0);
  const asked = Number.isFinite(seconds) ? seconds * 1000 : 0;
  const againMs = Math.min(asked, LONGEST_ASKED_WAIT_MS);
  return Object.assign(new Error(await problem(answer)), { againMs });
}

async function problem(answer) {
  if (answer.status === 401 || answer.status === 403) return "log in again.";
  const body = await answer.json().catch(() => null);
  return body?.error?.message ?? `the server answered ${answer.status}.`;
}

customElements.define("live-chart", LiveChart);
