// How long to wait after so many failures: longer each time, and never in step with other pages.
export function backoffMs(failures, firstMs, longestMs) {
  return Math.random() * Math.min(longestMs, firstMs * 2 ** failures);
}
