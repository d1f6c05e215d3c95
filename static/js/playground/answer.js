// One answer while it comes: its text, and what is known of its speed. Times are milliseconds of
// one clock.
const words = (value) => (typeof value === "string" ? value : "");
const whole = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : null);
const real = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

export class Answer {
  text = "";
  reasoning = "";
  pieces = 0; // nearly the tokens: an engine sends each as it comes, unless it holds some back
  firstAt = null;
  lastAt = null;
  queueMs = null;
  readRatio = null; // of the prompt, while it is read
  finish = null;
  #usage = {};
  #timings = {};

  constructor(askedAt) {
    this.askedAt = askedAt;
  }

  begun(headers) {
    const waited = headers.get("x-llamadash-queue-ms");
    this.queueMs = waited === null ? null : real(Number(waited));
  }

  take(event, now) {
    const choice = event?.choices?.[0];
    const text = words(choice?.delta?.content);
    const reasoning = words(choice?.delta?.reasoning_content);
    if (text || reasoning) {
      this.text += text;
      this.reasoning += reasoning;
      this.pieces += 1;
      this.firstAt ??= now;
      this.lastAt = now;
    }
    if (choice?.finish_reason) this.finish = String(choice.finish_reason);
    if (event?.prompt_progress) this.readRatio = ratio(event.prompt_progress);
    if (event?.usage) this.#usage = event.usage;
    if (event?.timings) this.#timings = event.timings;
  }

  get firstTokenSeconds() {
    return this.firstAt === null ? null : (this.firstAt - this.askedAt) / 1000;
  }

  // What the engine has measured, once it has said so; until then counted here.
  get speed() {
    const measured = real(this.#timings.predicted_per_second);
    if (measured !== null && this.generated > 1) return { value: measured, isEstimate: false };
    const seconds = (this.lastAt - this.firstAt) / 1000;
    if (this.pieces < 2 || !(seconds > 0)) return null;
    return { value: (this.pieces - 1) / seconds, isEstimate: true };
  }

  // null: not said yet.
  get generated() {
    return whole(this.#usage.completion_tokens) ?? whole(this.#timings.predicted_n);
  }

  get prompt() {
    const read = whole(this.#timings.prompt_n);
    const said = whole(this.#usage.prompt_tokens);
    return said ?? (read === null ? null : read + (this.cached ?? 0));
  }

  get cached() {
    return whole(this.#timings.cache_n);
  }
}

function ratio({ total, processed }) {
  return total > 0 && processed >= 0 ? Math.min(1, processed / total) : null;
}
