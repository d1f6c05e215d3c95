// Which model is asked, and what its engine does. States come by the socket; what they mean for the
// list is asked of the server.
import "../live/engines.js";
import { look } from "../live/engine-look.js";

const ASK_MS = 200; // several engines may change at once

export class Picker {
  #select;
  #state;
  #url;
  #choices = new Map();
  #listeners = new Set();
  #planned = 0;

  constructor(select, state, url) {
    this.#select = select;
    this.#state = state;
    this.#url = url;
    select.addEventListener("change", () => this.#changed());
    document.body.addEventListener("engine-changed", () => this.#plan());
    document.body.addEventListener("engine.state", ({ detail }) => this.#told(detail));
    this.#ask();
  }

  get id() {
    return this.#select.value;
  }

  // null: not known yet, or no model any more.
  get choice() {
    return this.#choices.get(this.id) ?? null;
  }

  // Empty for a model that is not in memory.
  hueOf(id) {
    return this.#choices.get(id)?.hue ?? "";
  }

  choose(id) {
    const isThere = [...this.#select.options].some((option) => option.value === id);
    if (isThere) this.#select.value = id;
    this.#changed();
  }

  // `listener(choice)` whenever another model is chosen, or its engine does something else.
  onChange(listener) {
    this.#listeners.add(listener);
  }

  #plan() {
    this.#planned ||= setTimeout(() => this.#ask(), ASK_MS);
  }

  async #ask() {
    this.#planned = 0;
    try {
      const response = await fetch(this.#url, { headers: { Accept: "application/json" } });
      if (!response.ok || response.redirected) return;
      this.#fill((await response.json()).models);
    } catch {
      return; // the server is away: the live status of the page says so
    }
    this.#changed();
  }

  #fill(models) {
    const before = this.id;
    this.#choices = new Map(models.map((each) => [each.id, each]));
    const wanted = models.map((each) => each.id);
    const shown = [...this.#select.options].map((option) => option.value);
    if (wanted.join("\n") !== shown.join("\n")) {
      this.#select.replaceChildren(...models.map((each) => new Option("", each.id)));
      if (this.#choices.has(before)) this.#select.value = before;
    }
    for (const option of this.#select.options) this.#label(option);
  }

  #label(option) {
    const { id, name, word } = this.#choices.get(option.value);
    const calm = word.replace(/ [\d.]+ %/, ""); // the state below moves, the list does not
    const text = `${name === id ? id : `${name} (${id})`}, ${calm}`;
    if (option.text !== text) option.text = text;
  }

  #told({ topic, id, state, desired, phase, progress }) {
    if (topic !== "engines") return;
    for (const choice of this.#choices.values()) {
      if (choice.engine_id !== id) continue;
      Object.assign(choice, look(state, desired, phase, progress));
      if (choice.word === "stopped") choice.word = "not loaded";
      if (choice.id === this.id) this.#changed();
    }
  }

  #changed() {
    const { choice } = this;
    if (choice) this.#show(choice);
    for (const listener of this.#listeners) listener(choice);
  }

  #show({ css, glyph, word, more }) {
    const chip = this.#state.querySelector(".st");
    chip.className = `st ${css}`.trim();
    chip.querySelector("use").setAttribute("href", `#${glyph}`);
    chip.querySelector("span").textContent = word;
    this.#state.querySelector(".sub").textContent = more;
  }
}
