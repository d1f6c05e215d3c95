// The conversation and its settings, kept by this tab alone until it is closed, for one account.
const STORED = "llamadash.playground";

export class Kept {
  #owner;

  constructor(owner) {
    this.#owner = owner;
  }

  // What another account said in this tab is nobody else's: it goes.
  load() {
    try {
      const found = JSON.parse(sessionStorage.getItem(STORED));
      if (found?.owner === this.#owner) {
        return { messages: found.messages.filter(isMessage), settings: found.settings ?? {} };
      }
      sessionStorage.removeItem(STORED);
    } catch {
      // Storage is blocked, or something else is in it.
    }
    return { messages: [], settings: {} };
  }

  // Pictures may be more than there is room for: then without them, at worst without anything.
  keep(messages, settings) {
    const bare = messages.map(({ images, ...message }) => ({ ...message, nImages: images?.length ?? 0 }));
    for (const kept of [messages, bare, []]) {
      try {
        sessionStorage.setItem(STORED, JSON.stringify({ owner: this.#owner, messages: kept, settings }));
        return;
      } catch {
        // Full or blocked: less is tried.
      }
    }
  }
}

const isMessage = (each) => ["user", "assistant"].includes(each?.role) && typeof each.text === "string";
