// Loaded by pages that show engines. States are as the supervisor tells them: `<engine-state>` shows
// glyph and word, `<engine-doing>` what it is about. What else is different then, buttons and reasons,
// is asked of the server: `engine-changed` on the body tells the parts of the page that do.
import { look } from "./engine-look.js";
import { hold, onStatus } from "./socket.js";

const TOPIC = "engines";
const CHANGED = "engine-changed";

const chips = new Set();
const latest = new Map(); // id: the last thing that was told of it
let wasLive = false;

// What was told while nobody listened is asked for: after a break, and once where a page came with
// something under way.
function connected() {
  const isBack = wasLive;
  wasLive = true;
  if (isBack || [...chips].some((chip) => chip.isUnsettled)) changed();
}

function told(data) {
  const before = latest.get(data.id);
  latest.set(data.id, data);
  let isNews = !before || before.state !== data.state || before.desired !== data.desired;
  for (const chip of chips) {
    if (chip.engine !== data.id) continue;
    if (!before && chip.shows(data)) isNews = false;
    chip.show(data);
  }
  if (isNews) changed();
}

function changed() {
  document.body.dispatchEvent(new CustomEvent(CHANGED));
}

class EngineElement extends HTMLElement {
  get engine() {
    return Number(this.dataset.engine);
  }

  connectedCallback() {
    chips.add(this);
  }

  disconnectedCallback() {
    chips.delete(this);
  }

  get isUnsettled() {
    return false;
  }

  shows() {
    return false;
  }
}

class EngineState extends EngineElement {
  get isUnsettled() {
    const { state, desired } = this.dataset;
    const isAtRest = state === "stopped" || state === "failed";
    return desired === "running" ? state !== "ready" && state !== "sleeping" : !isAtRest;
  }

  shows({ state, desired }) {
    return this.dataset.state === state && this.dataset.desired === desired;
  }

  show({ state, desired, phase, progress }) {
    const { css, glyph, word } = look(state, desired, phase, progress);
    this.dataset.state = state;
    this.dataset.desired = desired;
    const className = css ? `st ${css}` : "st";
    if (this.className !== className) this.className = className;
    const use = this.querySelector("use");
    if (use.getAttribute("href") !== `#${glyph}`) use.setAttribute("href", `#${glyph}`);
    const text = this.querySelector("span").firstChild;
    if (text.data !== word) text.data = word;
  }
}

class EngineDoing extends EngineElement {
  show({ state, desired, phase, progress }) {
    const { more } = look(state, desired, phase, progress);
    if (this.textContent !== more) this.textContent = more;
  }
}

customElements.define("engine-state", EngineState);
customElements.define("engine-doing", EngineDoing);

// A button that was pressed waits for its answer: a second press would ask for something else.
function press(event, isPending) {
  const button = event.detail.ctx?.sourceElement;
  if (button?.matches?.("[data-engine-act]")) button.disabled = isPending;
}

document.addEventListener("htmx:before:request", (event) => press(event, true));
document.addEventListener("htmx:finally:request", (event) => press(event, false));

// For as long as the page is there: an engine that it does not show yet may be about to come.
hold(TOPIC);
onStatus(({ name }) => name === "live" && connected());
document.body.addEventListener("engine.state", ({ detail }) => detail.topic === TOPIC && told(detail));
