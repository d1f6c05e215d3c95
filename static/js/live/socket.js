// One WebSocket for a tab. Elements hold topics; what nobody holds is not sent by the server.
import { debug } from "../debug.js";
import { backoffMs } from "./backoff.js";
import * as store from "./store.js";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const ACK_MS = 250;
// A server that has no place takes the connection, says why and closes it: that is not live.
const LIVE_MS = 300;
const MOST_OPEN = 3; // the server waits at 4 frames without an answer
// The server beats every 10 seconds. One that stands still, or is cut off, closes nothing.
const SILENT_MS = Number(document.documentElement.dataset.silentMs ?? 25_000);
const ASK_MS = 10_000;
const HIDDEN_MS = Number(document.documentElement.dataset.hiddenMs ?? 30_000);

const holders = new Map(); // topic: how many elements show it
const told = new Set(); // topics that this connection was asked for
const known = new Map(); // topic: the hash and the sequence number that its values have
const listeners = new Set();
let socket = null;
let failures = 0;
let retryTimer;
let hiddenTimer;
let liveTimer;
let ackTimer;
let silentTimer;
let received = 0;
let acknowledged = 0;
let isPlanned = false;
let isPaused = false;
let isAway = false; // hidden for long, or in the browser's cache of pages

export const counters = { frames: 0, bytes: 0, connections: 0, gaps: 0, errors: 0 };
export const status = { name: "idle", since: new Date(), login: false, reason: "" };

function become(name, { login = false, reason = "" } = {}) {
  if (status.name === name && status.login === login && status.reason === reason) return;
  const since = status.name === name ? status.since : new Date();
  Object.assign(status, { name, login, reason, since });
  debug("socket", () => [name]);
  for (const listener of [...listeners]) listener(status);
}

export function onStatus(listener) {
  listeners.add(listener);
  listener(status);
  return () => listeners.delete(listener);
}

export function hold(topic) {
  holders.set(topic, (holders.get(topic) ?? 0) + 1);
  plan();
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    const left = holders.get(topic) - 1;
    if (left) holders.set(topic, left);
    else holders.delete(topic);
    plan();
  };
}

// Many elements come and go together, with a page or a scroll: one message tells of all.
function plan() {
  if (isPlanned) return;
  isPlanned = true;
  queueMicrotask(() => {
    isPlanned = false;
    if (holders.size) connect();
    tell();
  });
}

function tell() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const gone = [...told].filter((topic) => !holders.has(topic));
  for (const topic of gone) {
    told.delete(topic);
    store.interrupt(topic);
  }
  if (gone.length) send({ op: "unsub", topics: gone });
  ask([...holders.keys()].filter((topic) => !told.has(topic)));
}

function ask(topics) {
  if (!topics.length) return;
  const since = {};
  for (const topic of topics) {
    told.add(topic);
    if (known.has(topic)) since[topic] = known.get(topic).seq;
  }
  send({ op: "sub", topics, since });
}

function askAnew(topic) {
  counters.gaps += 1;
  known.delete(topic);
  if (told.has(topic)) ask([topic]);
}

function send(message) {
  debug("socket", () => ["sent", message]);
  socket.send(JSON.stringify(message));
}

function connect() {
  if (socket || isPaused || isAway || status.login) return;
  clearTimeout(retryTimer);
  counters.connections += 1;
  received = acknowledged = 0;
  let wasOpen = false;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/ws/`);
  socket = mine;
  expectToHear();
  mine.addEventListener("open", () => {
    wasOpen = true;
    liveTimer = setTimeout(become, LIVE_MS, "live");
    tell();
  });
  mine.addEventListener("message", (event) => {
    if (mine === socket) receive(event.data);
  });
  mine.addEventListener("close", (event) => {
    if (mine !== socket) return; // closed by us
    disconnected();
    failed(event, wasOpen);
  });
}

function expectToHear() {
  clearTimeout(silentTimer);
  silentTimer = setTimeout(notHeard, SILENT_MS);
}

function notHeard() {
  disconnect();
  failed({ code: 1006, reason: "the server is silent" }, true);
}

function disconnected() {
  socket = null;
  clearTimeout(silentTimer);
  clearTimeout(liveTimer);
  clearTimeout(ackTimer);
  ackTimer = undefined;
  for (const topic of told) store.interrupt(topic);
  told.clear();
}

function disconnect() {
  clearTimeout(retryTimer);
  const mine = socket;
  if (!mine) return;
  disconnected();
  mine.close();
}

async function failed({ code, reason }, wasOpen) {
  become(navigator.onLine ? "reconnecting" : "offline", { reason });
  const delay = backoffMs(failures, FIRST_DELAY_MS, LONGEST_DELAY_MS);
  failures += 1;
  // Also a session that has ended may go on under another key: a password was changed.
  if ((code === 4401 || !wasOpen) && (await isLoggedOut())) {
    if (!isPaused) become("offline", { login: true });
    return;
  }
  if (isPaused) return;
  clearTimeout(retryTimer);
  retryTimer = setTimeout(connect, delay);
}

// A refused handshake does not say why; this leads to the login when the session has ended.
async function isLoggedOut() {
  try {
    const signal = AbortSignal.timeout(ASK_MS);
    const options = { method: "HEAD", redirect: "manual", cache: "no-store", signal };
    const answer = await fetch("/system/session/", options);
    return answer.type === "opaqueredirect";
  } catch {
    return false; // the server is not there
  }
}

function receive(text) {
  counters.frames += 1;
  counters.bytes += text.length;
  received += 1;
  failures = 0;
  expectToHear();
  become("live");
  store.heard();
  debug("socket", () => ["received", text]);
  const frame = JSON.parse(text);
  ON[frame.op]?.(frame);
  acknowledge();
}

function acknowledge() {
  if (received - acknowledged >= MOST_OPEN) sendAck();
  else ackTimer ??= setTimeout(sendAck, ACK_MS);
}

function sendAck() {
  clearTimeout(ackTimer);
  ackTimer = undefined;
  if (socket?.readyState !== WebSocket.OPEN) return;
  acknowledged = received;
  socket.send(`{"op":"ack","n":${received}}`);
}

const ON = {
  schema({ topic, hash, fields }) {
    known.delete(topic);
    store.schema(topic, fields);
    known.set(topic, { hash, seq: 0 });
  },
  snap({ topic, hash, seq, t, v }) {
    const mine = known.get(topic);
    if (!mine || (hash && hash !== mine.hash)) {
      askAnew(topic);
      return;
    }
    mine.seq = seq;
    store.vector(topic, t, v);
  },
  delta({ topic, hash, seq, t, d, from = seq }) {
    const mine = known.get(topic);
    if (mine && seq <= mine.seq) return; // older than what is shown
    const follows = mine && (!hash || hash === mine.hash) && from <= mine.seq + 1;
    if (follows && store.changes(topic, t, d)) mine.seq = seq;
    else askAnew(topic);
  },
  event({ name, topic, data }) {
    document.body.dispatchEvent(new CustomEvent(name, { detail: { topic, ...data } }));
  },
  gap({ topic, missed }) {
    document.body.dispatchEvent(new CustomEvent("live.gap", { detail: { topic, missed } }));
  },
  beat({ n }) {
    received = n;
  },
  error({ code, message, topic }) {
    counters.errors += 1;
    debug("socket", () => ["error", code, message, topic]);
  },
};

export function togglePause() {
  if (status.login) return;
  isPaused = !isPaused;
  if (isPaused) {
    disconnect();
    become("paused");
    return;
  }
  become("reconnecting");
  connect();
}

function leave() {
  isAway = true;
  if (socket) become("reconnecting");
  disconnect();
}

function comeBack() {
  clearTimeout(hiddenTimer);
  isAway = false;
  status.login = false; // perhaps they logged in elsewhere meanwhile
  if (holders.size) connect();
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.visibilityState === "hidden") hiddenTimer = setTimeout(leave, HIDDEN_MS);
  else comeBack();
});
// An open socket would keep the page out of the browser's cache of pages.
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => event.persisted && comeBack());
addEventListener("online", () => holders.size && connect());
