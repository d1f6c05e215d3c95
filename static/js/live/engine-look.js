// How an engine's state reads: the twin of engine_app/pages/engine_look.py; the same vectors test
// both.
import { percent } from "../formats.js";

const WAITING = new Set(["room", "memory", "evicting", "queue"]);
const PHASES = {
  check: "checks its files",
  room: "looks for memory",
  memory: "waits for memory",
  evicting: "makes room",
  queue: "waits for its turn",
  spawn: "starts its process",
  load: "loads its weights",
  "warm-up": "warms up",
  drain: "finishes requests",
  stop: "ends its process",
};

const seen = (css, glyph, word, more = "") => ({ css, glyph, word, more });

export function look(state, desired, phase = "", progress = null) {
  const doing = PHASES[phase] ?? phase;
  const wanted = desired === "running";
  if (state === "stopped") return wanted ? seen("wait", "wait", "start wanted") : seen("stop", "stop", "stopped");
  if (state === "failed") return seen("fail", "fail", "failed");
  if (state === "stopping") return seen("unload", "unload", "unloading", doing || (wanted ? "starts anew" : ""));
  if (!wanted) return seen("unload", "unload", "stop wanted");
  if (state === "ready") return seen("run", "run", "running");
  if (state === "sleeping") return seen("", "pause", "sleeping", "loads again when it is asked");
  if (WAITING.has(phase)) return seen("wait", "wait", "start wanted", doing);
  return seen("load", "load", progress === null ? "loading" : `loading ${percent(progress)}`, doing);
}
