/** A unified diff, line by line: what came and what went by sign, colour and word. */

import { html } from '../dag/dom';
import { words } from '../dag/words';

export function diff(text: string): HTMLElement {
  const made = html('pre', { class: 'jm-diff', tabindex: 0, 'aria-label': words('What changed') });
  for (const line of text.split('\n')) {
    const sort = { '+': 'came', '-': 'went', '@': 'place' }[line[0] ?? ''] ?? 'same';
    const shown =
      sort === 'place' ? line.replace(/^@@ -(\d+).*$/, (_, at: string) => words('line {at}', { at })) : line;
    made.append(html('span', { class: `jm-${sort}` }, shown || ' '));
  }
  return made;
}
