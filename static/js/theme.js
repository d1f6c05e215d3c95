// The theme changes at once, without a new page; the form sends it to be remembered in a cookie.
const NAMES = ["auto", "light", "dark"];
const form = document.getElementById("theme");

export function changeTheme() {
  form?.requestSubmit(form.querySelector("button"));
}

function show(name) {
  const button = form.querySelector("button");
  const next = NAMES[(NAMES.indexOf(name) + 1) % NAMES.length];
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  button.value = next;
  button.title = `Theme: ${name}`;
  button.querySelector("span").textContent = `Theme: ${name}. Change to ${next}`;
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  show(body.get("theme"));
  // Not remembered is no reason for a message: the page has the theme that was asked for.
  fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => {});
});
