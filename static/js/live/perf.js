// What this page costs, measured in it and shown in a panel: for whoever doubts. Loaded when it is
// first opened; off, it costs nothing.
import { duration, grouped, seconds, size } from "../formats.js";
import { counters as socket, status } from "./socket.js";
import { counters as store } from "./store.js";

const STORED = "llamadash.perf";
const SHOW_MS = 1000;
let panel = null;

function keep(isOpen) {
  try {
    if (isOpen) localStorage.setItem(STORED, "on");
    else localStorage.removeItem(STORED);
  } catch {
    // Storage is blocked: it is not remembered.
  }
}

// The text of a value, or the bar of a meter.
function isOfValue({ target }) {
  return Boolean(target.parentElement?.closest("live-value")) || target.localName === "rect";
}

class Panel {
  constructor() {
    this.startedAt = performance.now();
    this.before = { ...store };
    this.tasks = { count: 0, longest: 0 }; // seconds
    this.frames = 0;
    this.mutations = 0;
    this.ofValues = 0;
    this.element = document.createElement("aside");
    this.element.id = "perf";
    this.element.setAttribute("aria-label", "Performance of this page");
    this.cells = new Map();
    this.list = document.createElement("dl");
    this.list.className = "kv";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn q";
    button.textContent = "Close";
    button.addEventListener("click", toggle);
    this.element.append(this.list, button);
    document.body.append(this.element);
    this.observe();
  }

  observe() {
    this.longTasks = new PerformanceObserver((list) => {
      for (const { duration: ms } of list.getEntries()) {
        this.tasks.count += 1;
        this.tasks.longest = Math.max(this.tasks.longest, ms / 1000);
      }
    });
    this.longTasks.observe({ type: "longtask", buffered: true });
    this.changes = new MutationObserver((records) => {
      this.mutations += records.filter(({ target }) => !this.element.contains(target)).length;
      this.ofValues += records.filter(isOfValue).length;
    });
    this.changes.observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
    const count = () => {
      this.frames += 1;
      this.raf = requestAnimationFrame(count);
    };
    count();
    this.timer = setInterval(() => this.show(), SHOW_MS);
    this.show();
  }

  close() {
    clearInterval(this.timer);
    cancelAnimationFrame(this.raf);
    this.longTasks.disconnect();
    this.changes.disconnect();
    this.element.remove();
  }

  show() {
    const passed = (performance.now() - this.startedAt) / 1000;
    const told = store.changes - this.before.changes;
    const { count, longest } = this.tasks;
    const tasks = count ? `${grouped(count)}, longest ${seconds(longest)}` : "none";
    this.put("Open for", duration(passed));
    this.put("Frames a second", passed > 1 ? (this.frames / passed).toFixed(1) : "-");
    this.put("Long tasks", tasks);
    this.put("Values received", `${grouped(store.sets)}, ${grouped(store.equal)} of them equal`);
    this.put("Values shown anew", grouped(store.changes));
    this.put("Page changes", grouped(this.mutations));
    this.put("Changes a value", told ? (this.ofValues / told).toFixed(2) : "-");
    this.put("Connection", `${status.name}, ${grouped(socket.connections)} made`);
    this.put("Frames received", `${grouped(socket.frames)}, ${size(socket.bytes)}`);
    this.put("Asked anew, errors", `${grouped(socket.gaps)}, ${grouped(socket.errors)}`);
  }

  put(name, text) {
    let cell = this.cells.get(name);
    if (!cell) {
      const title = document.createElement("dt");
      title.textContent = name;
      cell = document.createElement("dd");
      this.cells.set(name, cell);
      this.list.append(title, cell);
    }
    if (cell.textContent !== text) cell.textContent = text;
  }
}

export function toggle() {
  if (panel) panel.close();
  panel = panel ? null : new Panel();
  keep(panel !== null);
}
