// Colours for canvases: registered properties, so that they come as rgb() and not as light-dark().
const listeners = new Set();

export function colours(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(name).trim();
  const names = { paper: "--paper", ink: "--ink-3", rule: "--rule", hue: "--hue" };
  const found = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, read(name)]));
  return { ...found, font: `12px ${style.fontFamily}` };
}

export const faint = (rgb) => rgb.replace(/^rgb\((.+)\)$/, "rgba($1, 0.16)");

export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of [...listeners]) listener();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
new MutationObserver(tell).observe(document.documentElement, { attributeFilter: ["data-theme"] });
