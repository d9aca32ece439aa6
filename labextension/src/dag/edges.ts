/** An edge: a line with a tip that can be pointed at, and what is said of it. */

import { svg } from './dom';
import type { IDrawing, IEdge, IState } from './model';
import { words } from './words';

export interface ILine {
  edge: IEdge;
  group: SVGGElement;
  paint(source: IState | undefined, target: IState | undefined): void;
}

export function keyOf({ source, target }: { source: string; target: string }): string {
  return `${source}\n${target}`;
}

export function line(edge: IEdge): ILine {
  const [x, y] = edge.tip;
  const tip = edge.sideways
    ? `M${x - 7} ${y - 4}L${x} ${y}L${x - 7} ${y + 4}Z`
    : `M${x - 4} ${y - 7}L${x} ${y}L${x + 4} ${y - 7}Z`;
  const group = svg(
    'g',
    { class: 'jm-edge', role: 'button', tabindex: -1 },
    svg('path', { d: edge.path, class: 'jm-line' }),
    svg('path', { d: tip, class: 'jm-tip' }),
    svg('path', { d: edge.path, class: 'jm-hit' })
  );
  group.classList.toggle('jm-order', edge.orderOnly);
  group.dataset.source = edge.source;
  group.dataset.target = edge.target;
  return {
    edge,
    group,
    paint(source, target) {
      group.classList.toggle('jm-flow', target?.status === 'running');
      group.dataset.alert = edge.orderOnly ? '' : (source?.flow?.alert ?? '');
      group.setAttribute('aria-label', say(edge, source));
    }
  };
}

/** An edge in one breath. */
export function say(edge: IEdge, source: IState | undefined): string {
  const names = words('{source} to {target}', { source: edge.source, target: edge.target });
  return `${names}: ${facts(edge, source).join(', ')}`;
}

/** What flowed, in words. */
export function facts(edge: IEdge, source: IState | undefined): string[] {
  if (edge.orderOnly) {
    return [words('order only, no data')];
  }
  return source?.flow ? [source.flow.said] : [words('nothing has flowed yet')];
}

/** The blocks whose output goes on as data. */
export function sources(picture: IDrawing): Set<string> {
  return new Set(picture.edges.filter(edge => !edge.orderOnly).map(edge => edge.source));
}
