// Asks the gateway as the one who is logged in, and hands on what is said as it comes.
import { EventReader } from "./events.js";

const PATH = "/v1/chat/completions";

// An answer that is none. `code` is the gateway's word for it.
export class Refused extends Error {
  constructor(status, code, message, retryAfter = null) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

// `begun(headers)` when the engine has begun to answer, `said(event)` for each event. Rejects with
// Refused, or with an AbortError when the signal says so.
export async function ask(body, { token, signal, begun, said }) {
  const response = await sent(body, token, signal);
  if (!response.ok) throw await refusal(response);
  begun(response.headers);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const events = new EventReader();
  let hasEnded = false;
  for (;;) {
    const { done, value } = await read(reader);
    const piece = decoder.decode(value, { stream: !done });
    for (const data of events.feed(piece)) {
      if (data === "[DONE]") hasEnded = true;
      else said(understood(data));
    }
    if (done) break;
  }
  if (!hasEnded) throw new Refused(0, "cut_off", "The answer was cut off before its end.");
}

async function sent(body, token, signal) {
  try {
    return await fetch(PATH, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(body),
      cache: "no-store",
      signal,
    });
  } catch (error) {
    throw lost(error);
  }
}

async function read(reader) {
  try {
    return await reader.read();
  } catch (error) {
    throw lost(error);
  }
}

function lost(error) {
  if (error.name === "AbortError") return error;
  return new Refused(0, "no_connection", "The connection to llamadash was lost.");
}

function understood(data) {
  let event;
  try {
    event = JSON.parse(data);
  } catch {
    throw new Refused(0, "engine_answer", "The engine said something that is no JSON.");
  }
  if (event?.error) throw told(200, event.error, null);
  return event;
}

async function refusal(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    // Somebody between us and the gateway answered: the status is all there is.
  }
  return told(response.status, error, retryAfter);
}

function told(status, error, retryAfter) {
  const message = typeof error.message === "string" ? error.message : `The answer was ${status}.`;
  const code = typeof error.code === "string" ? error.code : String(error.type ?? "");
  return new Refused(status, code, message, retryAfter);
}
