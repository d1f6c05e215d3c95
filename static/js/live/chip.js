// `<live-status>`, the state of the connection in the header. It holds no topic.
import { localTime } from "../local-time.js";
import { toast } from "../toasts.js";
import { onStatus } from "./socket.js";

const LOOK = {
  // class, glyph of the sprite
  live: ["live", "run"],
  reconnecting: ["load", "load"],
  paused: ["", "pause"],
  offline: ["fail", "fail"],
};

class LiveStatus extends HTMLElement {
  connectedCallback() {
    this.end = onStatus((status) => this.show(status));
  }

  disconnectedCallback() {
    this.end();
  }

  show({ name, since, login, reason }) {
    if (!LOOK[name]) return; // nothing here is live so far
    const [look, glyph] = LOOK[name];
    this.hidden = false;
    this.className = `st ${look}`;
    this.title = `${name} since ${localTime(since)}${reason && `: ${reason}`}`;
    this.querySelector("use").setAttribute("href", `#${glyph}`);
    this.querySelector("span").textContent = name;
    const link = this.querySelector("a");
    link.hidden = !login;
    if (!login) return;
    const here = encodeURIComponent(location.pathname + location.search);
    link.href = `${link.dataset.login}?next=${here}`;
    toast("Your session has ended: the figures stand still. Log in again.", "error");
  }
}

customElements.define("live-status", LiveStatus);
