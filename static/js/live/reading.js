// Says the current values of the page once, in the words of their labels, when it is asked to.
function label(value) {
  return value.dataset.label ?? value.closest("div")?.querySelector("dt")?.textContent.trim();
}

// What is set smaller than its number, near it.
function unitOf(value) {
  if (!value.hasAttribute("part")) return "";
  const key = CSS.escape(value.getAttribute("key"));
  const around = value.parentElement.parentElement;
  const unit = around.querySelector(`live-value[part=unit][key="${key}"]`);
  return unit?.textContent.trim() ?? "";
}

function reading(value) {
  return [label(value), value.textContent.trim(), unitOf(value)].filter(Boolean).join(" ");
}

export function readValues() {
  const spoken = document.getElementById("spoken");
  const said = new Set(); // a page may show one figure in two places
  const isNew = (key) => !said.has(key) && said.add(key);
  const parts = [...document.querySelectorAll("main live-value:not([part=unit])")]
    .filter((each) => each.checkVisibility() && label(each) && isNew(each.getAttribute("key")))
    .map(reading);
  spoken.textContent = "";
  // A text that stays the same would not be read again.
  setTimeout(() => {
    spoken.textContent = parts.length ? parts.join(", ") : "No live values on this page.";
  }, 50);
}
