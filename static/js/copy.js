// Copy buttons are hidden until this runs: without it, or without a clipboard, they do nothing.
function prepare() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const word = button.firstChild;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    word.data = "copied";
  } catch {
    word.data = "not allowed";
  }
  setTimeout(() => {
    word.data = "copy";
  }, 2000);
});

prepare();
document.addEventListener("htmx:after:swap", prepare);
