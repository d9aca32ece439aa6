/** When each block of a run really ran: a row a block, a bar an attempt, errors beside the bar that they ended. */

import type { Attempt, BlockLine, RunDetail } from '../contract';
import { duration, html, lookOf, svg } from '../dag/dom';
import { words } from '../dag/words';
import { moment } from './parts';
import { type IScale, scale, type Span } from './scale';

const ROW = 24;
/** Pixels, where nothing was measured yet. */
const USUAL = 320;
/** Seconds since 1970 that can be a time: until the year 5138. */
const LATEST = 1e11;
const TOP = 24;
const RIGHT = 8;
/** Pixels a character of a name takes. */
const LETTER = 6.6;

interface IRow {
  row: SVGGElement;
  shown: string;
}

export interface IGantt {
  show(detail: RunDetail, lines: readonly BlockLine[]): void;
  /** Mark a block, or none. */
  mark(block: string): void;
  unmount(): void;
}

/** `chosen` is told which block was clicked. */
export function mountGantt(host: HTMLElement, chosen: (block: string) => void): IGantt {
  const stage = svg('svg', { class: 'jm-gantt', role: 'listbox', 'aria-label': words('Timeline') });
  const axis = svg('g', { class: 'jm-axis', 'aria-hidden': 'true' });
  const body = svg('g', { role: 'presentation' });
  stage.append(axis, body);
  const scroller = html('div', { class: 'jm-ganttroom' }, stage);
  host.append(scroller);
  let rows = new Map<string, IRow>();
  let lines: readonly BlockLine[] = [];
  let detail: RunDetail | null = null;
  let width = 0;
  let marked = '';
  let offset = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  const draw = () => {
    if (!detail || width < 40) {
      return;
    }
    const now = Date.now() / 1000 + offset;
    const left = Math.round(
      Math.min(width * 0.4, 22 + LETTER * Math.max(6, ...lines.map(each => each.label.length)))
    );
    const spans = lines.flatMap(each => each.attempts.map((one): Span => [one.started, one.ended ?? now]));
    const along = scale(spans, width - left - RIGHT, detail.run.status === 'running');
    const height = TOP + ROW * lines.length;
    stage.setAttribute('viewBox', `0 0 ${width} ${height}`);
    stage.setAttribute('width', String(width));
    stage.setAttribute('height', String(height));
    drawAxis(axis, along, left, height);
    const key = JSON.stringify([width, left, along.ticks]);
    const seen = new Map<string, IRow>();
    lines.forEach((line, i) => {
      const moves = line.attempts.some(each => each.ended === null) ? Math.round(now * 4) : 0;
      const shown = `${key}${JSON.stringify(line)}${moves}`;
      const known = rows.get(line.name);
      const row = known?.shown === shown ? known : { row: known?.row ?? rowOf(line.name), shown };
      if (row !== known) {
        drawRow(row.row, line, along, left, width, now);
      }
      row.row.setAttribute('transform', `translate(0 ${TOP + ROW * i})`);
      row.row.setAttribute('tabindex', line.name === marked || (!marked && i === 0) ? '0' : '-1');
      row.row.classList.toggle('jm-selected', line.name === marked);
      row.row.setAttribute('aria-selected', String(line.name === marked));
      seen.set(line.name, row);
    });
    for (const [name, row] of rows) {
      if (!seen.has(name)) {
        row.row.remove();
      }
    }
    rows = seen;
    let before: ChildNode | null = body.firstChild;
    for (const { row } of seen.values()) {
      if (row === before) {
        before = before.nextSibling;
      } else {
        body.insertBefore(row, before);
      }
    }
    const goes = detail.run.status === 'running';
    if (goes !== (timer !== undefined)) {
      clearInterval(timer);
      timer = goes ? setInterval(draw, 250) : undefined;
    }
  };

  const rowOf = (name: string) => {
    const row = svg('g', { class: 'jm-ganttrow', role: 'option' });
    row.dataset.block = name;
    row.addEventListener('click', () => chosen(name));
    return row;
  };

  stage.addEventListener('keydown', event => {
    const names = lines.map(each => each.name);
    const at = names.indexOf((event.target as SVGElement).dataset?.block ?? '');
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: names.length - 1, Enter: at, ' ': at }[
      event.key
    ];
    const name = to === undefined ? undefined : names[to];
    if (name !== undefined) {
      event.preventDefault();
      event.stopPropagation(); // arrows would change cells
      rows.get(name)?.row.focus();
      chosen(name);
    }
  });

  const watch = new ResizeObserver(() => {
    width = Math.floor(scroller.clientWidth) || USUAL;
    draw();
  });
  watch.observe(scroller);
  return {
    show: (next, all) => {
      offset = Math.abs(next.now) < LATEST ? next.now - Date.now() / 1000 : 0;
      detail = next;
      lines = all.map(real);
      width = width || Math.floor(scroller.clientWidth) || USUAL;
      draw();
    },
    mark: block => {
      marked = block;
      draw();
    },
    unmount: () => {
      clearInterval(timer);
      watch.disconnect();
      scroller.remove();
    }
  };
}

/** Without tries whose times are none: they have no place on a line. */
function real(line: BlockLine): BlockLine {
  const attempts = line.attempts.filter(
    each =>
      Math.abs(each.started) < LATEST &&
      Math.abs(each.ended ?? 0) < LATEST &&
      Math.abs(each.seconds ?? 0) < LATEST
  );
  return attempts.length === line.attempts.length ? line : { ...line, attempts };
}

function drawAxis(axis: SVGGElement, along: IScale, left: number, height: number): void {
  axis.replaceChildren(
    ...along.ticks.flatMap((tick, i) => [
      svg('line', { class: 'jm-grid', x1: left + tick.x, x2: left + tick.x, y1: TOP - 4, y2: height }),
      svg('text', { x: left + tick.x, y: TOP - 9, 'text-anchor': i ? 'middle' : 'start' }, tick.label)
    ]),
    ...along.cuts.map(cut =>
      svg(
        'g',
        { class: 'jm-cut' },
        svg('title', {}, words('nothing ran for {time}', { time: duration(cut.seconds) })),
        svg('rect', { x: left + cut.x - 5, y: TOP - 4, width: 10, height: height - TOP + 4 }),
        svg('text', { x: left + cut.x, y: TOP - 9, 'text-anchor': 'middle' }, '⋯')
      )
    )
  );
}

function drawRow(
  row: SVGGElement,
  line: BlockLine,
  along: IScale,
  left: number,
  width: number,
  now: number
): void {
  row.dataset.status = line.status;
  row.setAttribute('aria-label', described(line));
  const letters = Math.ceil((left - 22) / LETTER);
  const name = line.label.length > letters ? `${line.label.slice(0, Math.max(1, letters - 1))}…` : line.label;
  const bars = line.attempts.flatMap(each => bar(each, along, left, now));
  const starts = Math.min(width, ...line.attempts.map(each => left + along.x(each.started)));
  const ends = Math.max(0, ...line.attempts.map(each => left + along.x(each.ended ?? now)));
  row.replaceChildren(
    svg('title', {}, described(line)),
    svg('rect', { class: 'jm-stripe', x: 0, y: 0, width, height: ROW }),
    svg('rect', { x: 0, y: 5, width: 3, height: ROW - 10, rx: 1.5, fill: safe(line.colour) }),
    svg('text', { class: 'jm-ganttname', x: line.item_of ? 16 : 9, y: 16 }, name),
    ...bars,
    ...note(line, line.attempts.length ? starts : left, Math.max(ends, left), width, left)
  );
}

/** A bar for the time in which the block itself ran; a thin line before it, while it waited for a process. */
function bar(attempt: Attempt, along: IScale, left: number, now: number): SVGElement[] {
  const ended = attempt.ended ?? now;
  const begun =
    attempt.ended !== null && attempt.seconds !== null
      ? Math.max(attempt.started, attempt.ended - attempt.seconds)
      : attempt.started;
  const [from, start, to] = [attempt.started, begun, ended].map(time => left + along.x(time)) as [
    number,
    number,
    number
  ];
  const made = svg('rect', {
    class: 'jm-ganttbar',
    x: start,
    y: 6,
    width: Math.max(2.5, to - start),
    height: ROW - 12,
    rx: 2.5
  });
  made.dataset.status = attempt.status;
  if (start - from < 1) {
    return [made];
  }
  return [
    svg('rect', { class: 'jm-ganttwait', x: from, y: ROW / 2 - 1, width: start - from, height: 2 }),
    made
  ];
}

/** What is said of a row: how long it took, or why it failed. Right of the bars, or left of them, wherever there is room. */
function note(line: BlockLine, starts: number, ends: number, width: number, left: number): SVGElement[] {
  const text = line.error || (line.attempts.length ? timing(line) : lookOf(line.status).label);
  const after = Math.floor((width - ends - 6 - RIGHT) / LETTER);
  const before = Math.floor((starts - left - 10) / LETTER);
  const least = Math.min(text.length, 14);
  if (after < least && before < least) {
    return [];
  }
  const room = after >= least && (after >= text.length || after >= before) ? after : before;
  const cut = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  const anchor = room === after ? 'start' : 'end';
  const x = room === after ? ends + 6 : starts - 6;
  return [svg('text', { class: 'jm-ganttnote', x, y: 16, 'text-anchor': anchor }, cut)];
}

function timing(line: BlockLine): string {
  const tries = line.attempts.length > 1 ? ` · ${words('{n} tries', { n: line.attempts.length })}` : '';
  const time =
    line.status === 'cached' ? lookOf('cached').label : line.seconds === null ? '' : duration(line.seconds);
  return time + tries;
}

/** A block's part of the run in one breath, for titles and screen readers. */
export function described(line: BlockLine): string {
  const said = [
    `${line.label}: ${lookOf(line.status).label}`,
    line.seconds !== null && line.status !== 'cached' ? duration(line.seconds) : '',
    line.started === null ? '' : words('started {time}', { time: moment(line.started) }),
    line.attempts.length > 1 ? words('{n} tries', { n: line.attempts.length }) : '',
    line.shape,
    line.error || line.reason
  ];
  return said.filter(Boolean).join('\n');
}

function safe(colour: string): string {
  return /^#[0-9a-fA-F]{3,8}$/.test(colour) ? colour : '#7f8894';
}
