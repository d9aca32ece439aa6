/** Only what a block needs, and what needs it: the rest is faded until Esc. */

import { around } from './culling';
import { button, html } from './dom';
import type { Addition } from './graph';
import type { View } from './view';
import { words } from './words';

type Way = 'up' | 'both' | 'down';
const WAYS: [Way, string][] = [
  ['up', 'what it needs'],
  ['both', 'both'],
  ['down', 'what needs it']
];

export const scope: Addition = graph => {
  const view = graph as View;
  const said = html('span', {});
  const ways = WAYS.map(([way, label]) => {
    const made = html('button', { type: 'button', class: 'jm-button' }, words(label));
    made.addEventListener('click', () => look(block, way));
    return { way, made };
  });
  const bar = html(
    'div',
    { class: 'jm-bar jm-scope', role: 'group', 'aria-label': words('Only a part of the graph') },
    said,
    ...ways.map(each => each.made),
    button('close', words('Show all blocks again'), () => end())
  );
  bar.hidden = true;
  let block = '';

  const look = (id: string, way: Way) => {
    block = id;
    const near = view.neighbours().reach(id, way);
    view.fade('scope', near);
    bar.hidden = false;
    said.textContent = words('{name}: {n} of {all} blocks', {
      name: view.node(id)?.label ?? id,
      n: near.size,
      all: view.picture()?.nodes.length ?? 0
    });
    for (const each of ways) {
      each.made.setAttribute('aria-pressed', String(each.way === way));
    }
    const box = around([...near].map(each => view.node(each)).filter(node => node !== undefined));
    if (box) {
      view.camera.show(box, 1, false);
      const node = view.node(id);
      if (node) {
        view.camera.reveal(node.x, node.y, node.width, node.height);
      }
    }
    view.say(said.textContent);
  };
  const end = () => {
    const held = bar.contains(document.activeElement);
    bar.hidden = true;
    view.fade('scope', null);
    if (held) {
      view.go(block);
    }
  };
  const start = () => (bar.hidden ? look(view.current()?.id ?? '', 'both') : end());
  const sign = button('focus', words('Only what this block needs, and what needs it'), start);
  view.root.append(bar);
  const stops = [
    view.tool(sign),
    view.on('drawn', () => (bar.hidden || view.node(block) ? undefined : end())),
    view.onKey(event => {
      if (event.ctrlKey || event.metaKey || event.altKey) {
        return false;
      }
      if (event.key.toLowerCase() === 'f' && view.stage.contains(event.target as Node)) {
        start();
        return true;
      }
      if (event.key === 'Escape' && !bar.hidden) {
        end();
        return true;
      }
      return false;
    })
  ];
  return () => {
    stops.forEach(stop => stop());
    bar.remove();
  };
};
