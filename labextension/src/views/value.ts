/** A value that is no table: JSON as a tree, pictures as pictures, the rest as text. */

import { html, image } from '../dag/dom';
import { words } from '../dag/words';
import type { Image } from '../contract';
import { grouped } from './saying';

/** Items of a list or an object that are shown at once. */
const MOST = 200;

/** Levels that are open at first. */
const OPEN = 2;

/** JSON as a tree where the text is that, else the text. */
export function value(said: string, type: string): HTMLElement {
  if (type === 'dict' || type === 'list') {
    try {
      const found: unknown = JSON.parse(said);
      if (typeof found === 'object' && found !== null) {
        return html('div', { class: 'jm-tree' }, node('', found, 0));
      }
    } catch {
      // cut short because it is long: it is then read as text
    }
  }
  return html('pre', { class: 'jm-plaintext', tabindex: 0 }, said);
}

export function picture({ mime, data }: Image, label: string): HTMLElement {
  return image({ class: 'jm-image', alt: label }, mime, data);
}

function node(name: string, found: unknown, depth: number): HTMLElement {
  const label = html('span', { class: 'jm-key' }, name ? `${name}: ` : '');
  if (typeof found !== 'object' || found === null) {
    const sort = found === null ? 'null' : typeof found;
    return html(
      'div',
      { class: 'jm-leaf' },
      label,
      html('span', { class: `jm-is-${sort}` }, JSON.stringify(found))
    );
  }
  const entries = Object.entries(found);
  const sign = Array.isArray(found) ? '[ ]' : '{ }';
  const count =
    entries.length === 1 ? words('1 item') : words('{count} items', { count: grouped(entries.length) });
  const made = html(
    'details',
    {},
    html('summary', {}, label, html('span', { class: 'jm-soft' }, `${sign} ${count}`))
  );
  const fill = () => {
    made.append(...entries.slice(0, MOST).map(([key, each]) => node(key, each, depth + 1)));
    if (entries.length > MOST) {
      made.append(
        html('div', { class: 'jm-soft' }, words('… {count} more', { count: grouped(entries.length - MOST) }))
      );
    }
  };
  if (depth < OPEN) {
    made.open = true;
    fill();
  } else {
    made.addEventListener('toggle', fill, { once: true });
  }
  return made;
}
