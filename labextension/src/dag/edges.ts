/** An edge: a line with a tip that can be pointed at, and what is said of it. */

import { svg } from './dom';
import type { IDrawing, IEdge, IFlow, IState } from './model';
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
  return source?.flow ? told(source.flow) : [words('nothing has flowed yet')];
}

const WARNINGS = { loss: 'lost rows', schema: 'schema changed', '': '' };

/** An output, in words: how much, and how it differs from the last good run's. */
export function told(flow: IFlow): string[] {
  const change = words('{change} since the last good run, which had {before}', {
    change: flow.change,
    before: flow.before
  });
  const warning = flow.alert ? `${words(WARNINGS[flow.alert])}: ` : '';
  return [flow.shape, flow.size, flow.change ? warning + change : ''].filter(Boolean);
}

/** What stands where an output leaves its block; a warning has a sign, not only a colour. */
export function pill({ shape, size, change, alert }: IFlow): string {
  const sign = alert === 'schema' ? '≠ ' : alert === 'loss' ? '▼ ' : '';
  return [shape, alert ? '' : size, change && sign + change].filter(Boolean).join(' · ');
}

/** The blocks whose output goes on as data. */
export function sources(picture: IDrawing): Set<string> {
  return new Set(picture.edges.filter(edge => !edge.orderOnly).map(edge => edge.source));
}
