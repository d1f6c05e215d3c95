// What to do about an answer that did not come, by the gateway's word for it, else by its status.
const BY_CODE = {
  not_logged_in: { text: "", link: "login", word: "Log in again" },
  wrong_token: { text: "", link: "reload", word: "Load the page again" },
  other_site: { text: "Open this page by the address that llamadash is known by.", link: "reload", word: "Load again" },
  model_not_found: { text: "Choose another one, or scan the folders again." },
  model_unavailable: { text: "", link: "engine", word: "See the engine" },
  model_failed: { text: "", link: "engine", word: "See the engine" },
  engine_gone: { text: "", link: "engine", word: "See the engine" },
  engine: { text: "", link: "engine", word: "See the engine" },
  key_queue_full: { text: "Wait until one of your other requests has ended." },
  queue_full: { text: "Try again when others have been answered." },
  wait_too_long: { text: "Try again later, or choose a model that is less busy." },
  waited_too_long: { text: "Try again later, or choose a model that is less busy." },
  exceed_context_size_error: { text: "Begin a new conversation, or start the model with a longer context." },
  remote_media_refused: { text: "Attach the image instead of its address." },
  no_connection: { text: "Is llamadash running? What you wrote is still here." },
  cut_off: { text: "What came of it is kept above." },
};
const BY_STATUS = {
  413: { text: "Attach fewer or smaller images, or begin a new conversation." },
  429: { text: "Try again in a moment." },
  503: { text: "Try again in a moment." },
};

export function remedy({ code, status, retryAfter }) {
  const found = BY_CODE[code] ?? BY_STATUS[status] ?? { text: "" };
  if (!retryAfter) return found;
  return { ...found, text: `${found.text} It is worth another try in ${retryAfter} s.`.trim() };
}
