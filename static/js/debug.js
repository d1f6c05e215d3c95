// Notes for whoever looks for a fault: `?debug` in the address, or localStorage["llamadash.debug"].
// Off, a note costs one comparison: what it would say is made by `tell`, which is not called.
function wanted() {
  try {
    return Boolean(localStorage.getItem("llamadash.debug"));
  } catch {
    return false; // storage is blocked
  }
}

const on = new URLSearchParams(location.search).has("debug") || wanted();

export function debug(area, tell) {
  if (on) console.debug(`[${area}]`, ...tell());
}
