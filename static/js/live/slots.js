// `<live-slots topic="engine.7">`: what each slot of an engine does, as it is told every two seconds
// while somebody watches. The server has drawn what it knew; the twin is engine_slots.py.
import { grouped } from "../formats.js";
import { LiveElement } from "./element.js";

const OLD_MS = 15_000; // it is told again after 6 s even when nothing is different
const CHECK_MS = 2000;
const LOOKS = {
  generating: ["run", "run", "generating"],
  prompt: ["load", "load", "reads its prompt"],
};

class LiveSlots extends LiveElement {
  entered() {
    this.heardAt = performance.now();
    const heard = ({ detail }) => detail.topic === this.topic && this.show(detail.slots);
    document.body.addEventListener("engine.slots", heard);
    this.until(() => document.body.removeEventListener("engine.slots", heard));
    this.every(CHECK_MS, () => performance.now() - this.heardAt > OLD_MS && this.forget());
  }

  get list() {
    return this.querySelector("ol");
  }

  show(slots) {
    this.heardAt = performance.now();
    this.querySelector("[data-none]").hidden = slots.length > 0;
    const gone = new Map([...this.list.children].map((cell) => [cell.dataset.slot, cell]));
    for (const slot of slots) {
      const key = String(slot.id);
      draw(gone.get(key) ?? this.add(key), slot);
      gone.delete(key);
    }
    for (const cell of gone.values()) cell.remove();
  }

  add(key) {
    const cell = this.querySelector("template").content.firstElementChild.cloneNode(true);
    cell.dataset.slot = key;
    put(cell, "id", key);
    this.list.append(cell);
    return cell;
  }

  // Nothing is told any more: it ended, or sleeps.
  forget() {
    this.list.replaceChildren();
    this.querySelector("[data-none]").hidden = false;
  }
}

function draw(cell, slot) {
  const used = slot.n_used ?? 0;
  const room = slot.n_ctx ?? 0;
  const kept = slot.state === "idle" ? used : Math.min(slot.n_cached ?? 0, used);
  const decoded = Math.min(slot.n_decoded ?? 0, used - kept);
  const [css, glyph, word] = LOOKS[slot.state] ?? ["stop", "stop", used ? "idle, context kept" : "empty"];
  const state = cell.querySelector("[data-part=state]");
  attribute(state, "class", `st ${css}`);
  attribute(state.querySelector("use"), "href", `#${glyph}`);
  text(state.querySelector("span"), word);
  put(cell, "used", grouped(slot.n_used));
  put(cell, "room", grouped(slot.n_ctx));
  put(cell, "note", note(slot));
  const share = (tokens) => `${room ? ((tokens / room) * 100).toFixed(2) : 0}%`;
  bar(cell, "cached", "0%", share(kept));
  bar(cell, "prompt", share(kept), share(used - kept - decoded));
  bar(cell, "decoded", share(used - decoded), share(decoded));
  const sentence =
    `${grouped(slot.n_used)} of ${grouped(slot.n_ctx)} tokens of context used, ` +
    `${grouped(kept)} kept from before, ${grouped(decoded)} generated`;
  attribute(cell.querySelector("svg[role=img]"), "aria-label", sentence);
}

function note({ state, tokens_per_second: speed, n_prompt: prompt }) {
  if (state === "generating" && speed !== null) return `${speed.toFixed(1)} tok/s`;
  return state === "prompt" && prompt ? `of ${grouped(prompt)} to read` : "";
}

function bar(cell, part, x, width) {
  const rect = cell.querySelector(`[data-part=${part}]`);
  attribute(rect, "x", x);
  attribute(rect, "width", width);
}

function put(cell, part, words) {
  text(cell.querySelector(`[data-part=${part}]`), words);
}

function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function attribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

customElements.define("live-slots", LiveSlots);
