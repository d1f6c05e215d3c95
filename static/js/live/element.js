// What the live elements have in common: they hold their topic while they are seen, give back
// everything when they leave, and go grey with their age when nothing says that they still hold.
import { duration } from "../formats.js";
import { hold, onStatus, status } from "./socket.js";
import { age, subscribe } from "./store.js";
import { unwatch, watch } from "./visible.js";

const CHECK_MS = 5000;
const OLD_SECONDS = 10; // three times the second in which values come, and time to reconnect
const OLD_WHILE_CONNECTED_SECONDS = 25;
const seen = new Set();

export class LiveElement extends HTMLElement {
  #ends = [];
  #title = null;

  get topic() {
    return this.getAttribute("topic");
  }

  // The topic to hold while seen; null for an element that shows the past.
  get held() {
    return this.topic;
  }

  connectedCallback() {
    watch(this, (isSeen) => (isSeen ? this.#enter() : this.#leave()));
  }

  disconnectedCallback() {
    unwatch(this);
    this.#leave();
  }

  #enter() {
    if (seen.has(this)) return;
    seen.add(this);
    if (this.held) this.until(hold(this.held));
    this.entered();
  }

  #leave() {
    if (!seen.delete(this)) return;
    for (const end of this.#ends.splice(0)) end();
  }

  // After `held` has changed.
  again() {
    if (!seen.has(this)) return;
    this.#leave();
    this.#enter();
  }

  // For the subclasses: what `entered` begins, and how it ends when the element is not seen.
  entered() {}

  until(end) {
    this.#ends.push(end);
  }

  follow(key, listener) {
    this.until(subscribe(this.topic, key, listener));
  }

  every(ms, action) {
    const timer = setInterval(action, ms);
    this.until(() => clearInterval(timer));
  }

  get isStale() {
    if (!this.held) return false;
    const limit = status.name === "live" ? OLD_WHILE_CONNECTED_SECONDS : OLD_SECONDS;
    return age(this.topic) > limit;
  }

  showAge() {
    if (this.isStale) {
      if (!this.classList.contains("stale")) this.#title = this.getAttribute("title");
      this.classList.add("stale");
      this.title = `as of ${duration(age(this.topic))} ago`;
    } else if (this.classList.contains("stale")) {
      this.classList.remove("stale");
      if (this.#title === null) this.removeAttribute("title");
      else this.title = this.#title;
    }
  }
}

function showAges() {
  for (const element of seen) element.showAge();
}

setInterval(showAges, CHECK_MS);
onStatus(({ name }) => name === "live" && setTimeout(showAges, 1000)); // after the first values
