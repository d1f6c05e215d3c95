// The browser opens and closes popovers by itself; readers are told which are open.
for (const button of document.querySelectorAll("[popovertarget]")) {
  const popover = document.getElementById(button.getAttribute("popovertarget"));
  popover?.addEventListener("toggle", (event) => {
    button.setAttribute("aria-expanded", String(event.newState === "open"));
  });
}
