// `<log-tail>` around the lines that the server has drawn: follows the end, from the socket where
// there is one and by asking every two seconds where there is none or lines are filtered.
import { clock, lineNode, make } from "./log-lines.js";

const ASK_MS = 2000;
const ASK_WHILE_LIVE_MS = 10_000; // in case that nobody publishes what is watched
const MOST_LINES = 2000;
const CHUNK_LINES = 50;
const MOST_ROUNDS = 3; // further behind than that many answers, the newest lines are shown
const UP_PIXELS = 4;
const END_PIXELS = 24;
const FAR_PIXELS = 1 << 24; // beyond any end: where that is need not be asked then
const FEW_LINES = 10; // so many are shown at once; what comes faster nobody reads line by line
const FAST_MS = 500;
const WRAP = "llamadash.logs.wrap";
const LETTERS = { error: "E", warning: "W", info: "I", debug: "D" };
const KINDS = { " ": "line", "+": "continued", "*": "event", "!": "gap" };

let socket = null; // `{hold, onStatus}` of live/socket.js

export function start(module = null) {
  socket = module;
  customElements.define("log-tail", LogTail);
}

class LogTail extends HTMLElement {
  connectedCallback() {
    this.box = this.querySelector(".log");
    this.state = this.querySelector("[data-state]");
    this.follower = this.querySelector("[data-do=follow]");
    this.cursor = Number(this.dataset.after);
    this.ends = [];
    this.held = [];
    this.due = []; // lines for the next frame
    this.timer = null;
    this.shownAt = 0;
    this.missed = 0;
    this.isLive = false;
    this.early = null; // lines that wait for what came before them
    this.isPaused = false;
    for (const node of this.querySelectorAll("[data-at]")) node.textContent = clock(Number(node.dataset.at));
    this.nLines = this.box.querySelectorAll(".ln").length;
    this.prepare();
    if ("follows" in this.dataset) this.follow();
    else if (document.readyState === "complete") this.showLine();
    else addEventListener("load", () => requestAnimationFrame(() => this.showLine()), { once: true });
  }

  disconnectedCallback() {
    for (const end of this.ends.splice(0)) end();
    this.due = [];
  }

  on(target, name, action) {
    target.addEventListener(name, action);
    this.ends.push(() => target.removeEventListener(name, action));
  }

  prepare() {
    this.wrap(kept() !== "off");
    for (const button of this.querySelectorAll("[data-do=wrap], [data-do=copy]")) {
      button.hidden = button.dataset.do === "copy" && !navigator.clipboard;
    }
    this.on(this, "click", (event) => this.click(event.target.closest("[data-do]")?.dataset.do));
  }

  click(what) {
    if (what === "wrap") keep(this.wrap(!this.box.classList.contains("wrap")) ? "on" : "off");
    else if (what === "copy") this.copy();
    else if (what === "follow") this.resume();
  }

  wrap(isOn) {
    this.box.classList.toggle("wrap", isOn);
    this.querySelector("[data-do=wrap]").setAttribute("aria-pressed", String(isOn));
    return isOn;
  }

  async copy() {
    const selection = getSelection();
    const chosen = this.box.contains(selection.anchorNode) ? String(selection) : "";
    const button = this.querySelector("[data-do=copy]");
    try {
      await navigator.clipboard.writeText(chosen || this.box.innerText);
      button.textContent = chosen ? "Copied the selection" : "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  }

  // The line of the address, with what came before it. After the browser has gone there itself.
  showLine() {
    const line = location.hash.startsWith("#l") && document.getElementById(location.hash.slice(1));
    if (!line || !this.box.contains(line)) return;
    line.scrollIntoView({ block: "center" });
    scrollTo(0, 0);
  }

  // ---------------------------------------------------------------- where lines come from
  follow() {
    this.state.textContent = "";
    this.isEmpty = this.nLines === 0;
    this.toEnd();
    this.top = this.box.scrollTop;
    this.on(this.box, "scroll", () => this.scrolled());
    this.askedAt = performance.now();
    const timer = setInterval(() => this.askWhenDue(), ASK_MS);
    this.ends.push(() => clearInterval(timer));
    if (socket && this.dataset.topic && !this.isFiltered) this.listen();
    this.tell();
  }

  askWhenDue() {
    const isDue = !this.isLive || performance.now() - this.askedAt > ASK_WHILE_LIVE_MS;
    if (isDue && !document.hidden && !this.early) this.ask();
  }

  get isFiltered() {
    return Boolean(this.dataset.level || this.dataset.q);
  }

  listen() {
    this.ends.push(socket.hold(this.dataset.topic));
    const heard = ({ detail }) => detail.topic === this.dataset.topic && this.heard(detail.lines);
    this.on(document.body, "log.lines", heard);
    this.ends.push(
      socket.onStatus(({ name }) => {
        this.isLive = name === "live";
        if (this.isLive) this.join();
        this.tell();
      }),
    );
  }

  // Between what is shown and the first lines from the socket others may have come.
  join() {
    this.early ??= [];
    setTimeout(async () => {
      await this.ask();
      const early = this.early ?? [];
      this.early = null;
      this.take(early);
    }, ASK_MS);
  }

  heard(rows) {
    const { source } = this.dataset;
    const lines = rows.map(([place, [level, kind], text, at]) => {
      const isSkipped = kind === "!" && level === "-";
      const words = isSkipped ? `${Number(text).toLocaleString("en")} lines came too fast to be shown here` : text;
      return { id: isSkipped ? 0 : place, source, place, at, level, kind: KINDS[kind], text: words };
    });
    if (this.early) this.early.push(...lines);
    else this.take(lines);
  }

  async ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    this.askedAt = performance.now();
    try {
      await this.catchUp();
      this.tell();
    } catch (error) {
      if (this.isConnected) this.tell(`new lines could not be loaded: ${error.message}`);
    } finally {
      this.isAsking = false;
    }
  }

  async catchUp() {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const answer = await this.load(this.cursor);
      this.took(answer);
      if (!answer.newer) return;
    }
    const newest = await this.load(null);
    this.take([{ at: Date.now(), level: "-", kind: "gap", text: "lines are left out here", source: "" }]);
    this.took(newest);
  }

  async load(after) {
    const address = new URL(this.dataset.api, location.href);
    const { source, level, q, regex } = this.dataset;
    const given = { source, level, q, regex: q && regex, after, limit: 1000 };
    for (const [name, value] of Object.entries(given)) if (value) address.searchParams.set(name, value);
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(await problem(answer));
    return answer.json();
  }

  took({ lines, after }) {
    this.take(lines.map((line) => ({ ...line, at: Date.parse(line.at), level: LETTERS[line.level] ?? "-" })));
    this.cursor = Math.max(this.cursor, after);
  }

  // ---------------------------------------------------------------- what is shown
  take(lines) {
    const fresh = lines.filter(({ id }) => !id || id > this.cursor);
    for (const { id } of fresh) this.cursor = Math.max(this.cursor, id ?? 0);
    if (!fresh.length) return;
    if (this.isPaused) this.hold(fresh);
    else this.show(fresh);
  }

  // In one frame, so that the page is laid out once for all of them.
  show(lines) {
    this.due.push(...lines);
    if (this.due.length > MOST_LINES) this.due.splice(0, this.due.length - MOST_LINES);
    const pause = this.due.length < FEW_LINES ? 0 : this.shownAt + FAST_MS - performance.now();
    this.timer ??= setTimeout(() => requestAnimationFrame(() => this.showDue()), Math.max(0, pause));
  }

  showDue() {
    this.timer = null;
    this.shownAt = performance.now();
    if (this.isPaused) this.hold([]);
    else this.append(this.due.splice(0));
    this.tell();
  }

  hold(lines) {
    const fresh = [...this.due.splice(0), ...lines];
    this.held.push(...fresh);
    this.missed += fresh.length;
    if (this.held.length > MOST_LINES) this.held.splice(0, this.held.length - MOST_LINES);
    this.tell();
  }

  append(lines) {
    let rest = lines.slice(-MOST_LINES);
    while (rest.length) {
      const pre = this.lastChunk();
      const some = rest.splice(0, CHUNK_LINES - pre.childElementCount);
      const nodes = document.createDocumentFragment();
      const isMixed = this.dataset.source === "all";
      for (const line of some) nodes.append(lineNode(line, isMixed, this.dataset.page));
      pre.append(nodes);
      this.nLines += some.length;
    }
    while (this.nLines > MOST_LINES && this.box.childElementCount > 1) {
      this.nLines -= this.box.firstElementChild.childElementCount;
      this.box.firstElementChild.remove();
    }
    this.toEnd();
  }

  lastChunk() {
    const last = this.box.lastElementChild;
    if (last && last.childElementCount < CHUNK_LINES) return last;
    const pre = make("pre");
    this.box.append(pre);
    return pre;
  }

  toEnd() {
    this.box.scrollTop = FAR_PIXELS;
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const isUp = scrollTop < this.top - UP_PIXELS;
    this.top = scrollTop;
    if (scrollHeight - scrollTop - clientHeight < END_PIXELS) {
      if (this.isPaused) this.resume();
    } else if (isUp && !this.isPaused) {
      this.isPaused = true;
      this.tell();
    }
  }

  resume() {
    this.isPaused = false;
    this.missed = 0;
    this.append(this.held.splice(0));
    this.tell();
  }

  tell(trouble = "") {
    const n = this.missed.toLocaleString("en");
    this.follower.hidden = !this.isPaused;
    const button = this.missed ? `▼ ${n} new line${this.missed === 1 ? "" : "s"}` : "Follow the end";
    if (this.follower.textContent !== button) this.follower.textContent = button;
    const nothing = this.isFiltered ? "no line matches so far" : "nothing was written yet";
    const words = this.isPaused ? "paused by scrolling" : this.nLines ? "follows the end" : nothing;
    const how = this.isLive ? "" : ", looks every 2 s";
    const text = trouble || words + how;
    if (this.state.textContent !== text) this.state.textContent = text;
  }
}

function kept() {
  try {
    return localStorage.getItem(WRAP);
  } catch {
    return null; // storage is blocked
  }
}

function keep(value) {
  try {
    localStorage.setItem(WRAP, value);
  } catch {
    // it counts until the page is left
  }
}

async function problem(answer) {
  if (answer.status === 401 || answer.status === 403) return "log in again.";
  const body = await answer.json().catch(() => null);
  return body?.error?.message ?? `the server answered ${answer.status}.`;
}
