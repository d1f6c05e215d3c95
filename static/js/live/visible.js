// Who is seen: one observer for all. What is scrolled away, in a closed <details>, a closed popover
// or a drawer counts as not seen.
const watched = new Map();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) watched.get(target)?.(isIntersecting);
  },
  { rootMargin: "64px" },
);

// `tell(isSeen)`, at once and whenever it changes. Ends with unwatch, which says no more.
export function watch(element, tell) {
  watched.set(element, tell);
  observer.observe(element);
}

export function unwatch(element) {
  watched.delete(element);
  observer.unobserve(element);
}
