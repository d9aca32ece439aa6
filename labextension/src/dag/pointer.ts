/** The mouse, a pen, a finger: a click opens what lies there, at any zoom. */

import type { Side, Stop } from './graph';
import type { IEdge } from './model';
import { ask, offer } from './request';
import type { View } from './view';

export function pointer(view: View): Stop {
  const stop = new AbortController();
  const on = { signal: stop.signal };
  view.stage.addEventListener('click', event => click(view, event), on);
  view.stage.addEventListener('contextmenu', event => menu(view, event), on);
  view.stage.addEventListener('pointerdown', event => port(view, event), { ...on, capture: true });
  return () => stop.abort();
}

function click(view: View, event: MouseEvent): void {
  if (view.camera.dragged) {
    return;
  }
  const target = event.target as Element;
  const group = target.closest<SVGGElement>('.jm-node');
  const node = group ? view.node(group.dataset.block ?? '') : view.nodeAt(event.clientX, event.clientY);
  if (node && target.closest('.jm-passes')) {
    const edge = view
      .neighbours()
      .out.get(node.id)
      ?.find(each => !each.orderOnly);
    if (edge) {
      openEdge(view, edge);
      return;
    }
  }
  if (node) {
    view.select(node.id);
    view.go(node.id);
    if (node.members) {
      view.openGroup(node.members);
    } else {
      ask(view.root, view.source, { action: 'open', block: node.id });
    }
    return;
  }
  const line = target.closest<SVGGElement>('.jm-edge');
  const edge = line
    ? view.edge(`${line.dataset.source}\n${line.dataset.target}`)
    : view.edgeAt(event.clientX, event.clientY);
  if (edge) {
    openEdge(view, edge);
  } else {
    view.select('');
  }
}

/** First rows, types and differences are in the panel; where there is none, what the picture knows stands beside the edge. */
export function openEdge(view: View, edge: IEdge): void {
  const subject = { block: edge.source, target: edge.target };
  if (!offer(view.root, { action: 'show', view: 'data', subject })) {
    view.explain(edge);
  }
}

function menu(view: View, event: MouseEvent): void {
  if (view.options.onContext) {
    event.preventDefault();
    const node = view.nodeAt(event.clientX, event.clientY);
    view.options.onContext(node, event, node ? null : view.edgeAt(event.clientX, event.clientY));
  }
}

function port(view: View, event: PointerEvent): void {
  const pressed = (event.target as Element).closest<SVGElement>('.jm-port');
  const node = view.node(pressed?.closest<SVGElement>('.jm-node')?.dataset.block ?? '');
  if (pressed && node && event.button === 0 && view.options.onPort) {
    event.stopPropagation(); // it draws an edge, and does not move the drawing
    event.preventDefault();
    view.options.onPort(node, pressed.dataset.side as Side, event);
  }
}
