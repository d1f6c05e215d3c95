// The playground: a conversation with one model, asked of the gateway as every client asks it.
import { percent, seconds } from "../formats.js";
import { toast } from "../toasts.js";
import { Answer } from "./answer.js";
import { asCurl, asPython, withoutPictures } from "./as-code.js";
import { ask, Refused } from "./ask.js";
import { asJson, asMarkdown, save } from "./exports.js";
import { Kept } from "./kept.js";
import { AnswerView, mine, theirs } from "./message-views.js";
import { Picker } from "./picker.js";
import { Pictures } from "./pictures.js";
import { question, withProgress } from "./question.js";
import { remedy } from "./remedies.js";

const WAIT_MS = 250; // how often the time of a wait is written
const NEAR_END = 120; // pixels: who is this near to the end follows it

const page = document.getElementById("playground");
const $ = (id) => document.getElementById(id);
const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
const text = $("text");
const form = $("settings");
const list = $("messages");
const picker = new Picker($("model"), $("model-state"), page.dataset.models);
const pictures = new Pictures($("pictures"));
const kept = new Kept(page.dataset.owner);
const stored = kept.load();
const { messages } = stored;
let running = null; // the AbortController of the answer that comes now

// ---------------------------------------------------------------- settings
function number(name) {
  const { value, valueAsNumber } = form.elements[name];
  return value === "" ? null : valueAsNumber;
}

function settings() {
  const numbers = ["temperature", "top_p", "max_tokens", "seed"].map((name) => [name, number(name)]);
  return { model: picker.id, system: form.elements.system.value, ...Object.fromEntries(numbers) };
}

function restore(found) {
  for (const name of ["system", "temperature", "top_p", "max_tokens", "seed"]) {
    if (found[name] !== undefined && found[name] !== null) form.elements[name].value = found[name];
  }
  // An address that names a model means that one.
  if (found.model && !new URLSearchParams(location.search).has("model")) picker.choose(found.model);
}

const remember = () => kept.keep(messages, settings());

// ---------------------------------------------------------------- what is shown
const toTheEnd = () => scrollTo(0, document.documentElement.scrollHeight);

function drawn(change) {
  const follows = document.documentElement.scrollHeight - innerHeight - scrollY < NEAR_END;
  change();
  if (follows) toTheEnd();
}

function tell(words) {
  if ($("told").textContent !== words) $("told").textContent = words;
}

function offer() {
  $("greeting").hidden = messages.length > 0 || running !== null;
  for (const id of ["clear", "as-markdown", "as-json"]) $(id).disabled = !messages.length || running !== null;
}

// The last thing said may be asked again, unless that is being done.
function redraw(isAsking = false) {
  const last = isAsking ? -1 : messages.length - 1;
  list.replaceChildren(
    ...messages.map((message, index) => {
      const offered = index === last ? again : null;
      return message.role === "user" ? mine(message, offered) : theirs(message, offered);
    }),
  );
  offer();
}

function busy(isBusy) {
  $("halt").hidden = !isBusy;
  $("send").disabled = isBusy;
  offer();
}

// ---------------------------------------------------------------- asking
async function send() {
  const written = text.value.trim();
  if (running || !form.reportValidity() || (!written && !pictures.urls.length)) return;
  messages.push({ role: "user", text: written, images: pictures.urls, at: Date.now() });
  text.value = "";
  pictures.clear();
  redraw(true);
  remember();
  await answer();
}

// The last answer gives way to another one to the same question, once there is one.
async function again() {
  if (running || !form.reportValidity()) return;
  const before = messages.at(-1)?.role === "assistant" ? messages.pop() : null;
  redraw(true);
  await answer(before);
}

async function answer(before = null) {
  const model = picker.id;
  const found = new Answer(performance.now());
  const view = new AnswerView(model, Date.now(), picker.hueOf(model));
  const asked = withProgress(question(settings(), messages));
  running = new AbortController();
  busy(true);
  list.append(view.element);
  toTheEnd();
  const waiting = waitingWords(view, found);
  let end = "failed";
  let failure = null;
  try {
    await ask(asked, {
      token,
      signal: running.signal,
      begun: (headers) => found.begun(headers),
      said: (event) => {
        found.take(event, performance.now());
        if (found.firstAt !== null) {
          waiting.end();
          view.grow(found, drawn);
        }
      },
    });
    end = found.finish === "length" ? "length" : "whole";
  } catch (error) {
    if (error.name === "AbortError") end = "stopped";
    else failure = error;
  }
  waiting.end();
  running.abort(); // what still comes of an answer that has failed is not wanted
  running = null;
  finish(view, model, found, { end, failure, before });
}

function finish(view, model, found, { end, failure, before }) {
  const message = { role: "assistant", model, text: found.text, reasoning: found.reasoning, at: Date.now(), end };
  message.hue = picker.hueOf(model);
  message.figures = figuresOf(found);
  const hasSaid = Boolean(found.text || found.reasoning);
  drawn(() => {
    // What never began is no part of the conversation.
    if (hasSaid) messages.push(message);
    else if (before) restored(before, view);
    view.end(message, before && !hasSaid ? null : again);
    if (failure) fail(view, failure);
  });
  if (failure) toTheEnd();
  busy(false);
  remember();
  tell(failure ? "" : ended(end, found));
  text.focus({ preventScroll: true });
}

function restored(before, view) {
  messages.push(before);
  redraw();
  list.append(view.element);
}

const figuresOf = ({ speed, firstTokenSeconds, generated, pieces, prompt, cached, queueMs }) => ({
  speed,
  firstTokenSeconds,
  generated,
  pieces,
  prompt,
  cached,
  queueMs,
});

function ended(end, { generated, pieces }) {
  const word = end === "stopped" ? "Stopped" : "The answer is complete";
  return `${word}: ${generated ?? `about ${pieces}`} tokens.`;
}

function fail(view, error) {
  // A mistake of this page is no answer of the gateway's: it belongs in the console, too.
  if (!(error instanceof Refused)) console.error(error);
  const { text: todo = "", link, word } = error instanceof Refused ? remedy(error) : {};
  view.fail([error.message, todo].filter(Boolean).join(" "), link && { href: address(link), word });
}

function address(link) {
  if (link === "login") return page.dataset.login;
  if (link === "reload") return location.href;
  const engine = picker.choice?.engine_id;
  return engine ? `${page.dataset.engines}${engine}/` : page.dataset.engines;
}

// Until the first word: what the engine does, and for how long it has been waited for.
function waitingWords(view, found) {
  const write = () => {
    const spent = seconds((performance.now() - found.askedAt) / 1000);
    const words = doing(found.readRatio);
    const part = found.readRatio === null ? "" : ` ${percent(found.readRatio)}`;
    view.says(`${words}${part} · ${spent}`);
    tell(words.replace(/ [\d.]+ %/, "")); // each percent is too much to hear
  };
  write();
  const timer = setInterval(write, WAIT_MS);
  return {
    end: () => {
      clearInterval(timer);
      if (running) view.says("answers");
    },
  };
}

function doing(readRatio) {
  if (readRatio !== null) return "reads the prompt";
  const { word, more } = picker.choice ?? { word: "", more: "" };
  if (word === "running") return "waits for the first word";
  if (!word || word === "not loaded") return "asks for its engine";
  return more ? `${word}: ${more}` : word;
}

// ---------------------------------------------------------------- code and files
function showCode() {
  const next = text.value.trim();
  const draft = next ? [...messages, { role: "user", text: next, images: pictures.urls }] : messages;
  const asked = question(settings(), draft);
  for (const [id, write] of [
    ["curl", asCurl],
    ["python", asPython],
  ]) {
    $(id).textContent = write(withoutPictures(asked), location.origin);
    $(`copy-${id}`).dataset.copy = write(asked, location.origin);
  }
  $("code").showModal();
}

function stamp() {
  return new Date().toISOString().slice(0, 16).replace(/[:T]/g, "-");
}

// ---------------------------------------------------------------- what people do
const stop = () => running?.abort();

$("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", remember);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !running || document.querySelector("dialog[open], :popover-open")) return;
  event.preventDefault();
  stop();
});
$("halt").addEventListener("click", stop);
$("clear").addEventListener("click", () => {
  messages.length = 0;
  redraw();
  remember();
  text.focus();
});
$("as-code").addEventListener("click", showCode);
$("as-json").addEventListener("click", () => {
  save(`conversation-${stamp()}.json`, "application/json", asJson(settings(), messages));
});
$("as-markdown").addEventListener("click", () => {
  save(`conversation-${stamp()}.md`, "text/markdown", asMarkdown(settings(), messages));
});
$("attach").addEventListener("click", () => $("files").click());
$("files").addEventListener("change", async ({ target }) => {
  const refused = await pictures.add(target.files);
  if (refused) toast(refused, "error");
  target.value = "";
});
picker.onChange((choice) => {
  if (choice) $("attach").hidden = !choice.sees;
  if (choice && !choice.sees) pictures.clear();
});
addEventListener("pagehide", stop);

// On a narrow screen the conversation comes first.
if (matchMedia("(max-width: 60rem)").matches) $("more").open = false;
restore(stored.settings);
redraw();
busy(false);
if (messages.length) toTheEnd();
for (const id of ["as-code", "as-markdown", "as-json", "clear"]) $(id).hidden = false;
