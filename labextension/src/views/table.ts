/** The first rows of a table: types in the head, numbers to the right, missing values seen as missing. */

import { html } from '../dag/dom';
import { words } from '../dag/words';
import type { Preview } from '../contract';
import { grouped } from './saying';

/** Characters that fit in a cell; a longer text is cut, and whole in its title. */
const FITS = 28;

export function table(preview: Preview): HTMLElement {
  const from = preview.start + 1;
  const caption = html(
    'caption',
    { class: 'jm-spoken' },
    words('Rows {from} to {to} of {all}', {
      from: grouped(from),
      to: grouped(preview.start + preview.cells.length),
      all: grouped(preview.rows ?? preview.cells.length)
    })
  );
  const head = html(
    'tr',
    {},
    html('th', { scope: 'col' }, html('span', { class: 'jm-spoken' }, words('Row')))
  );
  for (const column of preview.columns) {
    const name = html('span', { class: 'jm-column' }, column.name || (column.index ? '' : '·'));
    const type = html('span', { class: 'jm-type' }, column.type);
    const cell = html('th', { scope: 'col', title: `${column.name}\n${column.type}` }, name, type);
    cell.classList.toggle('jm-numeric', column.numeric);
    cell.classList.toggle('jm-index', column.index);
    head.append(cell);
  }
  const body = html('tbody');
  preview.cells.forEach((row, place) => {
    const number = html('th', { scope: 'row', class: 'jm-rownumber' }, grouped(from + place));
    body.append(html('tr', {}, number, ...preview.columns.map((column, at) => cell(row[at], column))));
  });
  const made = html('table', { class: 'jm-table' }, caption, html('thead', {}, head), body);
  const label = words('First rows');
  return html('div', { class: 'jm-scroll', tabindex: 0, role: 'region', 'aria-label': label }, made);
}

function cell(value: string | null | undefined, column: Preview['columns'][number]): HTMLElement {
  const made = html('td', {}, value ?? 'null');
  made.classList.toggle('jm-numeric', column.numeric);
  made.classList.toggle('jm-index', column.index);
  made.classList.toggle('jm-null', value === null || value === undefined);
  made.classList.toggle('jm-blank', value === '');
  if (value && value.length > FITS) {
    made.title = value;
  }
  return made;
}
