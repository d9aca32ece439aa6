/** Groups of blocks, open or closed. Both drawings came from Python: nothing is laid out here. */

import { around } from './culling';
import { button } from './dom';
import type { Addition } from './graph';
import type { IState } from './model';
import type { View } from './view';
import { words } from './words';

/** From what needs to be looked at to what does not: a group is in the first state that one of its blocks is in. */
const ORDER = [
  ...[
    'failed',
    'problem',
    'running',
    'retrying',
    'waiting',
    'queued',
    'cancelled',
    'interrupted',
    'leaky',
    'stale'
  ],
  ...['skipped', 'new', 'manual', 'succeeded', 'fresh', 'cached']
];
const DONE = new Set(['succeeded', 'cached', 'fresh']);

/** The state of a closed group, from those of its blocks. */
export function stateOf(members: readonly string[], states: ReadonlyMap<string, IState> | undefined): IState {
  const all = members.map(id => states?.get(id)?.status ?? 'new');
  const status = ORDER.find(each => all.includes(each)) ?? 'new';
  const done = all.filter(each => DONE.has(each)).length;
  const same = all.filter(each => each === status).length;
  const detail = words('{done} of {all} done', { done, all: all.length });
  const failed = words('{n} failed', { n: same });
  return { status, detail: status === 'failed' ? `${failed} · ${detail}` : detail };
}

export const groups: Addition = graph => {
  const view = graph as View;
  const fold = button('folded', words('Close the groups'), () => turn());
  fold.setAttribute('aria-pressed', 'false');
  const turn = (closed = !view.isClosed()) => {
    view.useClosed(closed);
    fold.setAttribute('aria-pressed', String(closed));
    view.say(closed ? words('Groups are closed') : words('Groups are open'));
  };
  /** Open all, and look at this one. */
  const open = (members: readonly string[]) => {
    turn(false);
    const nodes = members.map(id => view.node(id)).filter(node => node !== undefined);
    const box = around(nodes);
    if (box) {
      view.camera.show(box);
    }
    view.go(members[0] ?? '');
  };
  const stops = [
    view.tool(fold),
    view.on('drawn', () => {
      fold.hidden = view.source.picture()?.closed === null;
      fold.setAttribute('aria-pressed', String(view.isClosed()));
    }),
    view.onKey(event => {
      const members = view.current()?.members;
      if (event.key === 'g' && !fold.hidden) {
        turn();
        return true;
      }
      if (members && (event.key === 'Enter' || event.key === ' ') && !view.onEdge()) {
        open(members);
        return true;
      }
      return false;
    })
  ];
  view.openGroup = open;
  return () => stops.forEach(stop => stop());
};
