/** Finds blocks by name, kind, language, tag or what is written of them. `/` or Ctrl-F opens it, Enter goes on to the next. */

import { button, html } from './dom';
import type { Addition } from './graph';
import type { INode } from './model';
import type { View } from './view';
import { words } from './words';

/** Whether each word is somewhere in what is known of the block. */
export function matches(node: INode, wanted: string): boolean {
  const known = [
    node.id,
    node.label,
    node.kind,
    node.kindLabel,
    node.language,
    node.chip,
    node.doc,
    ...node.tags,
    ...(node.members ?? [])
  ];
  const text = known.join('\n').toLowerCase();
  const parts = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return parts.length > 0 && parts.every(part => text.includes(part));
}

export const search: Addition = graph => {
  const view = graph as View;
  const field = html('input', {
    type: 'search',
    class: 'jm-field',
    placeholder: words('Search blocks'),
    'aria-label': words('Search blocks: name, kind, tag or description'),
    spellcheck: 'false',
    autocomplete: 'off'
  });
  const count = html('span', { class: 'jm-count', role: 'status' });
  const bar = html(
    'div',
    { class: 'jm-bar jm-search', role: 'search' },
    field,
    count,
    button('previous', words('The one before'), () => step(-1)),
    button('next', words('The next one'), () => step(1)),
    button('close', words('End the search'), () => end())
  );
  bar.hidden = true;
  let found: INode[] = [];
  let at = -1;

  const look = () => {
    const nodes = view.picture()?.nodes ?? [];
    found = nodes.filter(node => matches(node, field.value)).sort((a, b) => a.y - b.y || a.x - b.x);
    at = -1;
    view.fade('search', field.value.trim() ? new Set(found.map(node => node.id)) : null);
    count.textContent = !field.value.trim()
      ? ''
      : found.length
        ? words('{n} found', { n: found.length })
        : words('nothing found');
  };
  const step = (by: number) => {
    const node = found.length
      ? found[(at = (at + by + found.length + (at < 0 && by < 0 ? 1 : 0)) % found.length)]
      : undefined;
    if (node) {
      count.textContent = words('{at} of {n}', { at: at + 1, n: found.length });
      const { camera } = view;
      camera.scale = Math.max(camera.scale, 0.6);
      camera.centre(node.x + node.width / 2, node.y + node.height / 2);
      view.select(node.id);
      view.say(node.label);
    }
  };
  const start = () => {
    bar.hidden = false;
    field.focus();
    field.select();
    look();
  };
  const end = () => {
    bar.hidden = true;
    view.fade('search', null);
    view.go((at >= 0 ? found[at]?.id : undefined) ?? view.current()?.id ?? '');
  };
  field.addEventListener('input', look);
  view.root.append(bar);
  const sign = button('search', words('Search blocks'), () => (bar.hidden ? start() : end()));
  const stops = [
    view.tool(sign),
    view.on('drawn', () => (bar.hidden ? undefined : look())),
    view.onKey(event => {
      if (bar.contains(event.target as Node)) {
        if (event.key === 'Enter' && event.target === field) {
          step(event.shiftKey ? -1 : 1);
          return true;
        }
        if (event.key === 'Escape') {
          end();
          return true;
        }
        return false;
      }
      const wanted =
        event.key === '/' || (event.key.toLowerCase() === 'f' && (event.ctrlKey || event.metaKey));
      if (wanted && view.picture()?.nodes.length) {
        start();
      }
      return wanted;
    })
  ];
  return () => {
    stops.forEach(stop => stop());
    bar.remove();
  };
};
