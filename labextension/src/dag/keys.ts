/** The keyboard alone: along edges and rows from block to block, onto edges, and whatever was added. */

import { middle } from './culling';
import { bubble } from './nodes';
import { button, html } from './dom';
import type { Addition, Stop } from './graph';
import type { IEdge } from './model';
import { openEdge } from './pointer';
import { ask } from './request';
import type { View } from './view';
import { words } from './words';

export function keys(view: View): Stop {
  const down = (event: KeyboardEvent) => {
    const taken =
      menu(view, event) || [...view.handlers].some(handler => handler(event)) || press(view, event);
    if (taken) {
      event.preventDefault(); // the notebook has its own use for these keys
    }
    if (
      taken ||
      (view.stage.contains(event.target as Node) && !event.ctrlKey && !event.metaKey && event.key !== 'Tab')
    ) {
      event.stopPropagation();
    }
  };
  const came = (event: FocusEvent) => {
    const id = (event.target as Element).closest<SVGGElement>('.jm-node')?.dataset.block;
    if (id !== undefined) {
      view.came(id);
    }
  };
  view.root.addEventListener('keydown', down);
  view.stage.addEventListener('focusin', came);
  return () => {
    view.root.removeEventListener('keydown', down);
    view.stage.removeEventListener('focusin', came);
  };
}

function menu(view: View, event: KeyboardEvent): boolean {
  const wanted = event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
  if (!wanted || !view.options.onContext || !view.stage.contains(event.target as Node)) {
    return false;
  }
  const edge = view.onEdge();
  view.options.onContext(edge ? null : view.current(), event, edge);
  return true;
}

function press(view: View, event: KeyboardEvent): boolean {
  const node = view.current();
  if (!node || !view.stage.contains(event.target as Node) || event.altKey || event.ctrlKey || event.metaKey) {
    return false;
  }
  const edge = view.onEdge();
  if (edge) {
    return pressEdge(view, edge, event);
  }
  const picture = view.picture();
  if (event.key === 'Enter' || event.key === ' ') {
    view.select(node.id);
    ask(view.root, view.source, { action: 'open', block: node.id });
  } else if (event.key === 'Escape') {
    if (!view.selected()) {
      return false;
    }
    view.select('');
  } else if (event.key === '+' || event.key === '-') {
    view.camera.zoom(event.key === '+' ? 1.25 : 1 / 1.25);
  } else if (event.key === '0') {
    view.camera.fit(...view.size(), true);
  } else if (event.shiftKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    const { out, into } = view.neighbours();
    const first = (event.key === 'ArrowDown' ? out : into).get(node.id)?.[0];
    if (first) {
      toEdge(view, first);
    }
  } else if (/^(Arrow|Home|End)/.test(event.key) && picture) {
    const next = view.neighbours().step(picture, node, event.key);
    if (next) {
      view.go(next.id);
    }
  } else {
    return false;
  }
  return true;
}

/** On an edge: its ends are above and below, its siblings left and right. */
function pressEdge(view: View, edge: IEdge, event: KeyboardEvent): boolean {
  const { out, into } = view.neighbours();
  const home = view.current()?.id;
  const siblings = (edge.source === home ? out.get(edge.source) : into.get(edge.target)) ?? [edge];
  const at = siblings.indexOf(edge);
  switch (event.key) {
    case 'ArrowDown':
      view.go(edge.target);
      return true;
    case 'ArrowUp':
      view.go(edge.source);
      return true;
    case 'ArrowLeft':
    case 'ArrowRight': {
      const next = siblings[(at + (event.key === 'ArrowRight' ? 1 : siblings.length - 1)) % siblings.length];
      toEdge(view, next ?? edge);
      return true;
    }
    case 'Enter':
    case ' ':
      openEdge(view, edge);
      return true;
    case 'Escape':
      view.go(view.current()?.id ?? '');
      return true;
    default:
      return false;
  }
}

function toEdge(view: View, edge: IEdge): void {
  const [x, y] = middle(edge.path);
  view.camera.reveal(x - 40, y - 30, 80, 60);
  view.goEdge(edge);
}

const KEYS: [string, string][] = [
  ['↑ ↓ ← →', 'along the edges, and to the neighbours in a row'],
  ['Enter', 'to the cell of a block; what flowed along an edge'],
  ['Shift ↑ ↓', 'onto an edge; ← → to the next one'],
  ['/', 'search'],
  ['F', 'only what a block needs, and what needs it'],
  ['G', 'close or open the groups'],
  ['+ − 0', 'larger, smaller, all of it'],
  ['Esc', 'back']
];

/** Where the graph can be edited. */
const EDITS: [string, string][] = [
  ['C', 'connect it to another block'],
  ['A', 'add a block after it'],
  ['F2', 'rename it'],
  ['Delete', 'delete the block, or the edge'],
  ['Shift F10', 'all that can be done with it'],
  ['Ctrl Z', 'take the last edit back']
];

/** What the keys do, on `?`. */
export const help: Addition = graph => {
  const list = html('dl', {});
  const edits = (graph as View).options.onPort ? EDITS : [];
  for (const [key, does] of [...KEYS, ...edits]) {
    list.append(html('dt', {}, html('kbd', {}, key)), html('dd', {}, words(does)));
  }
  const box = bubble('jm-help', html('strong', {}, words('Keys in the graph')), list);
  box.hidden = true;
  box.tabIndex = -1;
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-label', words('Keys in the graph'));
  const show = (shown: boolean) => {
    box.hidden = !shown;
    sign.setAttribute('aria-expanded', String(shown));
    if (shown) {
      box.focus();
    } else if (box.contains(document.activeElement)) {
      graph.go(graph.current()?.id ?? '');
    }
  };
  const sign = button('help', words('Keys in the graph'), () => show(box.hidden));
  sign.setAttribute('aria-expanded', 'false');
  graph.root.append(box);
  const stops = [
    graph.tool(sign),
    graph.onKey(event => {
      if (event.key === '?' || (event.key === 'Escape' && !box.hidden)) {
        show(event.key === '?' && box.hidden);
        return true;
      }
      return false;
    })
  ];
  return () => {
    stops.forEach(stop => stop());
    box.remove();
  };
};
