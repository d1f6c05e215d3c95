// The figures of a chart: equal steps of time, and for each series the columns avg, min and max.
// Live values go into the last step, as the server would put them there.
export class SeriesData {
  constructor(keys) {
    this.keys = keys;
    this.replace({ start: 0, step: 1, series: {} });
  }

  replace({ start, step, series }) {
    this.step = step;
    this.columns = this.keys.map((key) => series[key] ?? { avg: [], min: [], max: [] });
    const n = Math.max(...this.columns.map(({ avg }) => avg.length));
    this.times = Array.from({ length: n }, (_, index) => start + index * step);
    this.counts = this.keys.map(() => 0);
  }

  get isEmpty() {
    return this.columns.every(({ avg }) => avg.every((value) => value === null));
  }

  // When the last step ends.
  get end() {
    return this.times.length ? this.times.at(-1) + this.step : -Infinity;
  }

  // What is before `start` goes. A step that no timer came in gets what was there a moment later.
  // Whether a step has begun: before that, hardly anything to see has changed.
  take(now, values, start) {
    const hasBegun = this.end <= now;
    do {
      if (this.end <= now) this.open();
      values.forEach((value, index) => this.add(index, value, now));
    } while (this.end <= now);
    while (this.times[0] + this.step < start) this.lists((list) => list.shift());
    return hasBegun;
  }

  open() {
    const end = this.end;
    this.lists((list) => list.push(null));
    this.times[this.times.length - 1] = end;
    this.counts.fill(0);
  }

  lists(change) {
    change(this.times);
    for (const { avg, min, max } of this.columns) [avg, min, max].forEach(change);
  }

  add(index, value, now) {
    if (value === null) return;
    const { avg, min, max } = this.columns[index];
    const last = this.times.length - 1;
    // One value a second: so many have been counted by the server already.
    this.counts[index] ||= avg[last] === null ? 0 : Math.max(now - this.times[last], 0);
    const n = this.counts[index];
    avg[last] = ((avg[last] ?? 0) * n + value) / (n + 1);
    min[last] = Math.min(min[last] ?? value, value);
    max[last] = Math.max(max[last] ?? value, value);
    this.counts[index] = n + 1;
  }

  // At a step; without one, the last that is known.
  value(index, step = null) {
    const { avg } = this.columns[index];
    return (step === null ? avg.findLast((value) => value !== null) : avg[step]) ?? null;
  }
}
