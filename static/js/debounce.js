// Calls `action` once, `ms` after the last of many calls.
export function debounce(action, ms) {
  let timer;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(action, ms, ...values);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
