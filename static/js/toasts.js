// Messages leave by themselves, errors stay until they are dismissed.
const STAY_MS = 10_000;

function dismissable(toast) {
  if (toast.querySelector("button")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Dismiss";
  button.addEventListener("click", () => toast.remove());
  toast.append(" ", button);
  if (!toast.classList.contains("error")) setTimeout(() => toast.remove(), STAY_MS);
}

function prepare() {
  document.querySelectorAll("#toasts .toast").forEach(dismissable);
}

export function toast(text, level = "info") {
  const item = document.createElement("p");
  item.className = `toast ${level}`;
  item.textContent = text;
  if (level === "error") item.setAttribute("role", "alert");
  document.getElementById("toasts").append(item);
  dismissable(item);
}

prepare();
document.addEventListener("htmx:after:swap", prepare);
document.addEventListener("htmx:error", () => {
  toast("The server did not answer. Nothing was changed; try again.", "error");
});
document.addEventListener("htmx:response:error", (event) => {
  const { response, text } = event.detail.ctx;
  // Our own error answers bring their message with them; a proxy's do not.
  if (response.status >= 500 && !text.includes('id="toasts"')) {
    toast(`The server failed (${response.status}). Try again.`, "error");
  }
});
