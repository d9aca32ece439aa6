/** A run's blocks as a table: state, time, output, size, tries, memory; an error on a line of its own. */

import type { BlockLine } from '../contract';
import { duration, html, icon, lookOf } from '../dag/dom';
import { words } from '../dag/words';
import { clock, moment, size } from './parts';

export interface ITable {
  show(lines: readonly BlockLine[]): void;
  mark(block: string): void;
  unmount(): void;
}

interface IRow {
  body: HTMLElement;
  shown: string;
}

export function mountTable(host: HTMLElement, chosen: (block: string) => void): ITable {
  const heads: [string, string][] = [
    ['', words('Block')],
    ['jm-wide3', words('Started')],
    ['jm-number', words('Time')],
    ['jm-number', words('Output')],
    ['jm-number jm-wide1', words('Size')],
    ['jm-number jm-wide2', words('Tries')],
    ['jm-number jm-wide2', words('Peak memory')]
  ];
  const table = html(
    'table',
    { class: 'jm-runtable' },
    html(
      'thead',
      {},
      html('tr', {}, ...heads.map(([kind, text]) => html('th', { class: kind, scope: 'col' }, text)))
    )
  );
  const room = html('div', { class: 'jm-tableroom' }, table);
  host.append(room);
  let rows = new Map<string, IRow>();
  let marked = '';

  return {
    show: lines => {
      const seen = new Map<string, IRow>();
      for (const line of lines) {
        const shown = JSON.stringify(line);
        const known = rows.get(line.name);
        if (known?.shown === shown) {
          seen.set(line.name, known);
        } else {
          const body = rowOf(line, chosen);
          if (known) {
            known.body.replaceWith(body);
          }
          seen.set(line.name, { body, shown });
        }
      }
      for (const [name, row] of rows) {
        if (!seen.has(name)) {
          row.body.remove();
        }
      }
      rows = seen;
      const bodies = [...rows.values()].map(row => row.body);
      if (bodies.some((body, i) => table.children[i + 1] !== body)) {
        table.append(...bodies);
      }
      rows.get(marked)?.body.classList.add('jm-selected');
    },
    mark: block => {
      rows.get(marked)?.body.classList.remove('jm-selected');
      marked = block;
      rows.get(marked)?.body.classList.add('jm-selected');
    },
    unmount: () => room.remove()
  };
}

function rowOf(line: BlockLine, chosen: (block: string) => void): HTMLElement {
  const name = html(
    'button',
    { type: 'button', class: 'jm-jump', title: line.label },
    html('span', { class: 'jm-sign' }, icon(line.status, 15)),
    html('span', { class: 'jm-blockname' }, line.label)
  );
  name.addEventListener('click', () => chosen(line.name));
  const started = html('td', { class: 'jm-wide3' }, line.started === null ? '' : clock(line.started));
  started.title = line.started === null ? '' : moment(line.started);
  const cells = [
    html('th', { scope: 'row', class: line.item_of ? 'jm-item' : '' }, name),
    started,
    html('td', { class: 'jm-number' }, timing(line)),
    html('td', { class: 'jm-number', title: line.type }, line.shape),
    html('td', { class: 'jm-number jm-wide1' }, line.bytes === null ? '' : size(line.bytes)),
    html('td', { class: 'jm-number jm-wide2' }, line.attempts.length > 1 ? String(line.attempts.length) : ''),
    html('td', { class: 'jm-number jm-wide2' }, line.memory ? size(line.memory) : '')
  ];
  const body = html('tbody', {}, html('tr', {}, ...cells));
  body.dataset.block = line.name;
  body.dataset.status = line.status;
  const why = line.error || line.reason;
  if (why) {
    const where = line.error && line.line !== null ? `  (${words('line {n}', { n: line.line })})` : '';
    body.append(html('tr', { class: 'jm-runwhy' }, html('td', { colspan: 7 }, html('div', {}, why + where))));
  }
  return body;
}

function timing(line: BlockLine): string {
  if (line.status === 'succeeded' || line.status === 'failed') {
    return line.seconds === null ? '' : duration(line.seconds);
  }
  return lookOf(line.status).label;
}
