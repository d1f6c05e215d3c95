// A uPlot in the look of the pages: thin lines, a band from the smallest to the largest value, grid
// lines with their figures on them, gaps that stay gaps, one cursor for all charts of the page.
/* global uPlot */
import { inZone } from "../local-time.js";
import { gridLabels, gridOf } from "./scale.js";
import { colours, faint } from "./theme-colours.js";

const HEIGHT = 150;
const LEAST_DRAG_PX = 5;
const LABEL_PX = 50; // of a time on the axis, at most
const MOST_BANDS = 4; // lines; the bands of more would hide each other
const DAY = 86_400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SHARED = new Set(["mousemove", "mouseleave"]); // of the cursor; zooming is told by the page

// `lines` are `{swatch, dashed}`; `span()` is the time to show; `on` has zoom, unzoom and point.
export class Plot {
  #hidden = new Set();

  constructor(host, lines, { unit, most, span, on }) {
    this.host = host;
    this.lines = lines;
    this.unit = unit;
    this.most = most;
    this.span = span;
    this.on = on;
    this.hasBands = false;
    this.readColours();
  }

  readColours() {
    this.colours = colours(this.host);
    this.hues = this.lines.map(({ swatch }) => colours(swatch).hue);
  }

  // Columns `{avg, min, max}` of each line, in their order.
  show(times, columns) {
    const hasBands =
      this.lines.length <= MOST_BANDS &&
      columns.some(({ avg, min, max }) => avg.some((_, i) => min[i] !== max[i]));
    const drawn = ({ avg, min, max }) => (hasBands ? [avg, max, min] : [avg]);
    const data = [times, ...columns.flatMap(drawn)];
    if (this.plot && hasBands === this.hasBands) {
      this.plot.setData(data);
      return;
    }
    this.destroy();
    this.host.replaceChildren(); // what the server has drawn
    this.hasBands = hasBands;
    this.plot = new uPlot(this.options(), data, this.host);
    for (const index of this.#hidden) this.toggle(index, false);
  }

  options() {
    return {
      width: this.host.clientWidth,
      height: HEIGHT,
      padding: [16, 0, 0, 0],
      legend: { show: false },
      tzDate: (at) => inZone(new Date(at * 1000)),
      scales: {
        x: { range: () => this.span() },
        y: { range: (_, low, high) => this.grid(low ?? 0, high ?? 0).slice(0, 2) },
      },
      axes: [this.axis(), { show: false }],
      series: this.series(),
      bands: this.bands(),
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { show: false },
        sync: { key: "charts", filters: { pub: (type) => SHARED.has(type) } },
        bind: { dblclick: () => () => this.on.unzoom() },
      },
      hooks: {
        drawClear: [(plot) => this.drawGrid(plot)],
        draw: [(plot) => this.drawLabels(plot)],
        setSelect: [(plot) => this.selected(plot)],
        setCursor: [(plot) => this.on.point(plot.cursor.left < 0 ? null : plot.cursor.idx)],
      },
    };
  }

  axis() {
    return {
      stroke: () => this.colours.ink,
      font: this.colours.font,
      size: 22,
      gap: 3,
      space: 58,
      grid: { show: false },
      ticks: { size: 4, width: 1, stroke: () => this.colours.ink },
      values: (plot, times, _, __, step) =>
        times.map((at) => {
          const isCut = plot.valToPos(at, "x") > plot.width - LABEL_PX / 2;
          return isCut ? "" : timeLabel(inZone(new Date(at * 1000)), step);
        }),
    };
  }

  series() {
    return [{}, ...this.lines.flatMap((line, index) => this.lineAndEdges(line, index))];
  }

  lineAndEdges({ dashed }, index) {
    const hue = () => this.hues[index];
    const line = {
      stroke: hue,
      width: 1.5,
      dash: dashed ? [3, 2.5] : undefined,
      points: { show: false, filter: lonePoints, size: 3, fill: hue },
    };
    const edge = { stroke: () => "transparent", width: 0, points: { show: false } };
    return this.hasBands ? [line, { ...edge }, { ...edge }] : [line];
  }

  bands() {
    if (!this.hasBands) return [];
    const fill = (index) => () => faint(this.hues[index]);
    return this.lines.map((_, i) => ({ series: [3 * i + 2, 3 * i + 3], fill: fill(i) }));
  }

  grid(low, high) {
    this.lastGrid = gridOf(low, high, this.unit, this.most);
    return this.lastGrid;
  }

  drawGrid({ ctx, bbox, valToPos }) {
    const [low, high, step] = this.lastGrid;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeStyle = this.colours.rule;
    ctx.beginPath();
    for (let at = low; at <= high + step / 2; at += step) {
      const y = Math.round(valToPos(at, "y", true)) + 0.5;
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
    }
    ctx.stroke();
    ctx.restore();
  }

  drawLabels({ ctx, bbox, valToPos }) {
    ctx.save();
    ctx.font = this.colours.font.replace("12px", `${12 * devicePixelRatio}px`);
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.lineJoin = "round";
    ctx.strokeStyle = this.colours.paper;
    ctx.fillStyle = this.colours.ink;
    for (const [at, text] of gridLabels(this.lastGrid, this.unit)) {
      const y = valToPos(at, "y", true) - 2 * devicePixelRatio;
      ctx.strokeText(text, bbox.left, y);
      ctx.fillText(text, bbox.left, y);
    }
    ctx.restore();
  }

  selected(plot) {
    const { left, width } = plot.select;
    if (!width) return;
    plot.setSelect({ left: 0, width: 0 }, false);
    if (width < LEAST_DRAG_PX) return;
    this.on.zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  toggle(index, isShown) {
    if (isShown) this.#hidden.delete(index);
    else this.#hidden.add(index);
    const each = this.hasBands ? 3 : 1;
    for (let i = 1; i <= each; i += 1) this.plot?.setSeries(each * index + i, { show: isShown });
  }

  recolour() {
    this.readColours();
    this.plot?.redraw(false, true);
  }

  resize() {
    this.plot?.setSize({ width: this.host.clientWidth, height: HEIGHT });
  }

  // With the paper under it: what is saved is looked at on any ground.
  picture(title) {
    const drawn = this.plot.ctx.canvas;
    const room = 28 * devicePixelRatio;
    const canvas = Object.assign(document.createElement("canvas"), {
      width: drawn.width,
      height: drawn.height + room,
    });
    const ctx = canvas.getContext("2d");
    ctx.fillStyle = this.colours.paper;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.fillStyle = this.colours.ink;
    ctx.font = this.colours.font.replace("12px", `600 ${14 * devicePixelRatio}px`);
    ctx.fillText(title, 0, room * 0.65);
    ctx.drawImage(drawn, 0, room);
    return canvas;
  }

  destroy() {
    this.plot?.destroy();
    this.plot = null;
  }
}

function timeLabel(at, step) {
  const day = `${at.getDate()} ${MONTHS[at.getMonth()]}`;
  if (step >= 28 * DAY) return at.getMonth() ? MONTHS[at.getMonth()] : String(at.getFullYear());
  if (step >= DAY) return day;
  const isMidnight = at.getHours() + at.getMinutes() + at.getSeconds() === 0;
  if (isMidnight) return day;
  const two = (number) => String(number).padStart(2, "0");
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return step < 60 ? `${clock}:${two(at.getSeconds())}` : clock;
}

// A value between two gaps has no line: only it gets a point.
function lonePoints(plot, index) {
  const values = plot.data[index];
  const isGap = (value) => value === null || value === undefined;
  const alone = [];
  values.forEach((value, i) => {
    if (!isGap(value) && isGap(values[i - 1]) && isGap(values[i + 1])) alone.push(i);
  });
  return alone.length ? alone : null;
}
