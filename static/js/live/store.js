// The newest values by topic and key. Equal values tell nobody; changed ones are told together,
// once an animation frame.
const HISTORY_SECONDS = 330; // what a spark shows, and a little
const topics = new Map();
const dirty = new Set();
let frame = 0;
let heardAt = performance.now();

export const counters = { sets: 0, equal: 0, changes: 0, flushes: 0 };

function topicOf(name) {
  let topic = topics.get(name);
  if (!topic) {
    topic = { cells: new Map(), order: [], at: null, arrivedAt: performance.now(), clock: false };
    topics.set(name, topic);
  }
  return topic;
}

function cellOf(topic, key) {
  let cell = topic.cells.get(key);
  if (!cell) {
    cell = { value: undefined, listeners: new Set(), history: null };
    topic.cells.set(key, cell);
  }
  return cell;
}

function set(cell, value) {
  counters.sets += 1;
  if (Object.is(cell.value, value)) {
    counters.equal += 1;
    return;
  }
  cell.value = value;
  if (cell.listeners.size) tellLater(cell);
}

function tellLater(cell) {
  dirty.add(cell);
  frame ||= requestAnimationFrame(flush);
}

function flush() {
  frame = 0;
  counters.flushes += 1;
  const cells = [...dirty];
  dirty.clear();
  for (const { listeners, value } of cells) {
    counters.changes += 1;
    for (const listener of [...listeners]) listener(value);
  }
}

// A topic's own clock moves every second: when it stands still, nobody takes readings any more.
export function schema(name, fields) {
  const topic = topicOf(name);
  topic.order = fields.map(({ key }) => cellOf(topic, key));
  topic.clock = fields.some(({ key }) => key.endsWith("/uptime_seconds"));
  for (const cell of topic.cells.values()) {
    if (!topic.order.includes(cell)) set(cell, null);
  }
}

export function vector(name, at, values) {
  const topic = topicOf(name);
  topic.order.forEach((cell, index) => set(cell, values[index] ?? null));
  arrived(topic, at);
}

// `[index, value, index, value, ...]`; false when it speaks of a field that is not known.
export function changes(name, at, flat) {
  const topic = topicOf(name);
  for (let i = 0; i < flat.length; i += 2) {
    if (!topic.order[flat[i]]) return false;
    set(topic.order[flat[i]], flat[i + 1]);
  }
  arrived(topic, at);
  return true;
}

function arrived(topic, at) {
  topic.at = at;
  topic.arrivedAt = performance.now();
  for (const cell of topic.cells.values()) {
    if (cell.history) note(cell.history, at, cell.value);
  }
}

function note(history, at, value) {
  while (history.at(-1)?.[0] > at) history.pop(); // the clock was set back
  history.push([at, value ?? null]);
  while (history[0][0] < at - HISTORY_SECONDS) history.shift();
}

// Nothing comes until the topic is asked for again: what a spark shows of that time is a gap.
export function interrupt(name) {
  const topic = topicOf(name);
  for (const { history } of topic.cells.values()) {
    if (history?.length) note(history, now(name), null);
  }
}

export function subscribe(name, key, listener) {
  const cell = cellOf(topicOf(name), key);
  cell.listeners.add(listener);
  if (cell.value !== undefined) tellLater(cell);
  return () => {
    cell.listeners.delete(listener);
    if (!cell.listeners.size) dirty.delete(cell);
  };
}

export const read = (name, key) => topicOf(name).cells.get(key)?.value;

// `[at, value]` pairs from the first call on; a null is a gap.
export function history(name, key) {
  const cell = cellOf(topicOf(name), key);
  return (cell.history ??= []);
}

// The server's clock, which the browser's need not agree with; null before the first values.
export function now(name) {
  const { at, arrivedAt } = topicOf(name);
  return at === null ? null : at + (performance.now() - arrivedAt) / 1000;
}

export function heard() {
  heardAt = performance.now();
}

// Seconds for which nothing says that the topic's values still hold. A quiet topic without a clock
// holds as long as the server is heard.
export function age(name) {
  const { clock, arrivedAt } = topicOf(name);
  return (performance.now() - (clock ? arrivedAt : Math.max(arrivedAt, heardAt))) / 1000;
}
