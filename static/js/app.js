// Every page works without this; each module makes one thing handier.
import "./theme.js";
import "./local-time.js";
import "./menu.js";
import "./toasts.js";
import "./focus.js";
import "./shortcuts.js";
import "./copy.js";
import "./live/elements.js";
