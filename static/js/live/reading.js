// Says the current values of the page once, in the words of their labels, when it is asked to.
function label(value) {
  return value.dataset.label ?? value.closest("div")?.querySelector("dt")?.textContent.trim();
}

function reading(value) {
  const whole = (value.hasAttribute("part") && value.closest("dd")) || value; // number and unit
  return `${label(value)} ${whole.textContent.trim()}`;
}

export function readValues() {
  const spoken = document.getElementById("spoken");
  const parts = [...document.querySelectorAll("main live-value:not([part=unit])")]
    .filter((each) => each.checkVisibility() && label(each))
    .map(reading);
  spoken.textContent = "";
  // A text that stays the same would not be read again.
  setTimeout(() => {
    spoken.textContent = parts.length ? parts.join(", ") : "No live values on this page.";
  }, 50);
}
