// The `d` of a spark: the twin of metrics_app/core/sparks.py as the Dashboard calls it.
const WIDTH = 100;
const TOP = 3;
const BOTTOM = 28;

// From 0 at the bottom to the largest value at the top; a null is a gap.
export function sparkPath(values) {
  const high = Math.max(0, ...values);
  const scale = high > 0 ? (BOTTOM - TOP) / high : 0;
  const step = WIDTH / Math.max(1, values.length - 1);
  const isGap = (value) => value === null || value === undefined;
  return values
    .map((value, index) => {
      if (isGap(value)) return "";
      const starts = isGap(values[index - 1]);
      const isAlone = starts && isGap(values[index + 1]); // gets a little length, to be seen
      const y = BOTTOM - Math.max(value, 0) * scale;
      const point = `${(index * step).toFixed(1)} ${y.toFixed(1)}`;
      return `${starts ? "M" : ""}${point}${isAlone ? " h.4" : ""}`;
    })
    .filter(Boolean)
    .join(" ");
}
