// A swap that changed the address is a new page for readers: when what had the focus is gone with
// the old content, the heading takes it. Somebody who types in a filter keeps their place.
let moved = false;

document.addEventListener("htmx:after:history:push", () => {
  moved = true;
});
document.addEventListener("htmx:after:swap", () => {
  if (!moved) return;
  moved = false;
  if (document.activeElement && document.activeElement !== document.body) return;
  const heading = document.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
});
