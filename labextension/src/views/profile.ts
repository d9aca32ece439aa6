/** A column in a glance: missing and distinct values, range, and a small histogram or the most frequent values. */

import { html, svg } from '../dag/dom';
import { words } from '../dag/words';
import type { ColumnProfile } from '../contract';
import { grouped } from './saying';

const WIDE = 200;
const HIGH = 34;

export function profileOf(column: ColumnProfile, rows: number, counted: number): HTMLElement {
  const head = html(
    'h4',
    {},
    html('span', { class: 'jm-column' }, column.name || '·'),
    html('span', { class: 'jm-type' }, column.type)
  );
  const made = html('li', { class: 'jm-profile' }, head, facts(column, rows, counted));
  if (column.bars.length) {
    made.append(histogram(column));
  } else if (column.often.length) {
    made.append(often(column, counted));
  }
  if (column.note) {
    made.append(html('p', { class: 'jm-soft' }, column.note));
  }
  return made;
}

function facts(column: ColumnProfile, rows: number, counted: number): HTMLElement {
  const list = html('dl', { class: 'jm-measures' });
  const add = (name: string, value: string | null, sort = '') => {
    if (value !== null) {
      list.append(html('div', { class: sort }, html('dt', {}, name), html('dd', { title: value }, value)));
    }
  };
  const nulls = column.nulls;
  add(
    words('nulls'),
    nulls === null ? null : nulls ? `${grouped(nulls)} (${percent(nulls, rows)})` : '0',
    nulls ? 'jm-some' : ''
  );
  const about = counted < rows ? '≥\u00a0' : '';
  add(words('distinct'), column.distinct === null ? null : about + grouped(column.distinct));
  add(words('min'), column.minimum);
  add(words('mean'), column.mean);
  add(words('max'), column.maximum);
  return list;
}

/** `0.4 %`; what is there is never said to be none. */
export function percent(part: number, all: number): string {
  const share = all ? 100 * (part / all) : 0;
  const said = share >= 10 || share === 0 ? share.toFixed(0) : share < 0.1 ? '<0.1' : share.toFixed(1);
  return `${said === '100' && part < all ? '>99' : said}\u00a0%`;
}

function histogram(column: ColumnProfile): HTMLElement {
  const { bars } = column;
  const most = Math.max(1, ...bars.map(bar => bar.count));
  const width = WIDE / bars.length;
  const label = words('Histogram of {name} from {low} to {high}; most in {bar}', {
    name: column.name,
    low: bars[0]?.low ?? '',
    high: bars[bars.length - 1]?.high ?? '',
    bar: range(bars.find(bar => bar.count === most) ?? bars[0])
  });
  const drawn = svg('svg', {
    class: 'jm-histogram',
    viewBox: `0 0 ${WIDE} ${HIGH}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': label
  });
  bars.forEach((bar, place) => {
    const high = bar.count ? Math.max(1, HIGH * (bar.count / most)) : 0;
    const said = `${range(bar)}: ${grouped(bar.count)}`;
    const column = svg(
      'g',
      {},
      svg('title', {}, said),
      svg('rect', { x: place * width, y: 0, width, height: HIGH, class: 'jm-whole-bar' }),
      svg('rect', { x: place * width + 0.5, y: HIGH - high, width: Math.max(0.5, width - 1), height: high })
    );
    drawn.append(column);
  });
  return html('div', {}, drawn);
}

function range(bar: ColumnProfile['bars'][number] | undefined): string {
  return !bar ? '' : bar.low === bar.high ? bar.low : `${bar.low} – ${bar.high}`;
}

function often(column: ColumnProfile, counted: number): HTMLElement {
  const most = Math.max(1, ...column.often.map(each => each.count));
  const list = html('ul', { class: 'jm-often', 'aria-label': words('Most frequent values') });
  for (const each of column.often) {
    const bar = html('span', { class: 'jm-share' });
    bar.style.setProperty('inline-size', `${100 * (each.count / most)}%`);
    const value = html('span', { class: 'jm-value', title: each.value }, each.value);
    value.classList.toggle('jm-blank', each.value === '');
    const count = html(
      'span',
      { class: 'jm-times', title: percent(each.count, counted) },
      grouped(each.count)
    );
    list.append(html('li', {}, bar, value, count));
  }
  return list;
}
