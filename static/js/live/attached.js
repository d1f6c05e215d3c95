// `<attached-news topic="attached.7">` around what shows an attached server, or `topic="attached"`
// around a list: parts of the page that listen to `attached-changed` ask the server again when
// something is told of it, or was while nobody listened.
import { LiveElement } from "./element.js";
import { onStatus } from "./socket.js";

const EVENTS = ["attached.state", "attached.models"];
const CHANGED = "attached-changed";

class AttachedNews extends LiveElement {
  #wasLive = false;

  entered() {
    const heard = ({ detail }) => detail.topic === this.topic && this.changed();
    for (const name of [...EVENTS, "live.gap"]) {
      document.body.addEventListener(name, heard);
      this.until(() => document.body.removeEventListener(name, heard));
    }
    this.until(onStatus(({ name }) => name === "live" && this.connected()));
  }

  // What was told while nobody listened is asked for.
  connected() {
    if (this.#wasLive || this.querySelector("[data-unsettled]")) this.changed();
    this.#wasLive = true;
  }

  changed() {
    document.body.dispatchEvent(new CustomEvent(CHANGED));
  }

  // What is shown has no age of its own: its figures have theirs.
  showAge() {}
}

customElements.define("attached-news", AttachedNews);

// A button that was pressed waits for its answer: a second press would ask for something else.
function press(event, isPending) {
  const button = event.detail.ctx?.sourceElement?.querySelector?.("[data-attached-act]");
  if (button) button.disabled = isPending;
}

document.addEventListener("htmx:before:request", (event) => press(event, true));
document.addEventListener("htmx:finally:request", (event) => press(event, false));
