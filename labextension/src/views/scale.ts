/** Times to pixels. Long stretches in which nothing ran (a run resumed the next day) are cut out. */

import { duration } from '../dag/dom';

export type Span = readonly [start: number, end: number];

export interface ITick {
  x: number;
  label: string;
}

export interface IScale {
  x(time: number): number;
  ticks: ITick[];
  /** Where a stretch was cut out: its place, and how many seconds are missing. */
  cuts: { x: number; seconds: number }[];
}

/** Pixels that a cut takes. */
const CUT = 18;
/** Pixels between two ticks, at least. */
const APART = 64;
/** Seconds of nothing that are always drawn. */
const SHORT = 60;

/** A scale from 0 to `width` over all spans. A last span that still grows has room to do so, so that the scale seldom changes. */
export function scale(spans: readonly Span[], width: number, growing: boolean): IScale {
  const parts = segments(spans);
  const last = parts[parts.length - 1];
  if (!last) {
    return { x: () => 0, ticks: [], cuts: [] };
  }
  if (growing) {
    last[1] = last[0] + roundUp(last[1] - last[0]);
  }
  const room = Math.max(1, width - CUT * (parts.length - 1));
  const length = parts.reduce((sum, [start, end]) => sum + Math.max(1e-6, end - start), 0);
  // a short part among long ones is still to be seen
  const share = parts.map(([start, end]) =>
    Math.max(Math.max(1e-6, end - start) / length, 0.12 / parts.length)
  );
  const whole = share.reduce((sum, each) => sum + each, 0);
  let from = 0;
  const placed = parts.map(([start, end], i) => {
    const wide = (room * (share[i] ?? 0)) / whole;
    const part = { start, end: Math.max(end, start + 1e-6), from, wide };
    from += wide + CUT;
    return part;
  });
  const x = (time: number) => {
    const part = placed.find(each => time <= each.end) ?? placed[placed.length - 1];
    if (!part) {
      return 0;
    }
    const along = Math.min(1, Math.max(0, (time - part.start) / (part.end - part.start)));
    return part.from + along * part.wide;
  };
  return {
    x,
    ticks: placed.flatMap(part => ticks(part.start, part.end, part.from, part.wide)),
    cuts: placed.slice(1).map((part, i) => ({
      x: part.from - CUT / 2,
      seconds: part.start - (placed[i]?.end ?? part.start)
    }))
  };
}

/** The spans, joined where little or nothing lies between them. */
function segments(spans: readonly Span[]): [number, number][] {
  const sorted = [...spans].sort((a, b) => a[0] - b[0]);
  const busy = sorted.reduce((sum, [start, end]) => sum + (end - start), 0);
  const found: [number, number][] = [];
  for (const [start, end] of sorted) {
    const last = found[found.length - 1];
    if (last && start - last[1] <= Math.max(SHORT, 2 * busy)) {
      last[1] = Math.max(last[1], end);
    } else {
      found.push([start, end]);
    }
  }
  return found;
}

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** The next of the round lengths: 1, 1.5, 2, 3 … times a power of ten; at least one second. */
export function roundUp(seconds: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, seconds)));
  return power * (STEPS.find(step => step * power >= seconds) ?? 10);
}

const EVERY = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
  3600, 7200, 14400, 43200, 86400
];

function ticks(start: number, end: number, from: number, wide: number): ITick[] {
  const length = end - start;
  const least = (length * APART) / Math.max(1, wide);
  const step = EVERY.find(each => each >= least) ?? length;
  const found: ITick[] = [];
  for (let n = 0; n * step <= length * 1.0001 && found.length < 40; n++) {
    const seconds = n * step;
    found.push({ x: from + (seconds / length) * wide, label: n ? short(seconds, step) : '0' });
  }
  return found;
}

/** `0.5 s`, `2 min`, `1 h 30 min`: without what is zero. */
function short(seconds: number, step: number): string {
  if (seconds < 60) {
    return seconds < 1 && step < 0.1 ? `${Math.round(seconds * 1000)} ms` : `${Number(seconds.toFixed(2))} s`;
  }
  return duration(seconds)
    .replace(/ 00 (s|min)$/, '')
    .replace(/ 0(\d) /, ' $1 ');
}
