/** `1–50 of 12 480 rows`, and buttons that go on and back. Nothing where all is in sight. */

import { html } from '../dag/dom';
import { words } from '../dag/words';
import { grouped } from './saying';

export function pager(
  what: 'rows' | 'columns',
  start: number,
  shown: number,
  all: number,
  step: number,
  go: (start: number) => void
): HTMLElement {
  const end = start + shown;
  const values = { from: grouped(start + 1), to: grouped(end), all: grouped(all) };
  const label =
    what === 'rows'
      ? words('Rows {from}–{to} of {all}', values)
      : words('Columns {from}–{to} of {all}', values);
  const turn = (sign: string, name: string, to: number, can: boolean) => {
    const made = html(
      'button',
      { type: 'button', class: 'jm-button', 'aria-label': name, title: name },
      sign
    );
    made.disabled = !can;
    made.addEventListener('click', () => go(to));
    return made;
  };
  const back = what === 'rows' ? words('Rows before') : words('Columns before');
  const on = what === 'rows' ? words('Next rows') : words('Next columns');
  const made = html(
    'div',
    { class: 'jm-pager' },
    html('span', {}, label),
    turn('‹', back, Math.max(0, start - step), start > 0),
    turn('›', on, end, end < all)
  );
  made.hidden = start === 0 && end >= all && what === 'columns';
  made.querySelectorAll('button').forEach(each => (each.hidden = start === 0 && end >= all));
  return made;
}
