/** A block's card: made once, painted when its state changes. */

import { duration, glyph, html, kindOf, lookOf, setGlyph, svg } from './dom';
import { pill, told } from './edges';
import type { INode, IState } from './model';
import type { Side } from './graph';
import { words } from './words';

export const NEW: IState = { status: 'new', detail: '' };
/** The badge of an output that was made of a sample, and its width. */

const BADGE = 48;
/** Where words start, beside the kind's tile. */
const LEFT = 48;

export interface ICard {
  node: INode;
  group: SVGGElement;
  paint(state: IState, passes: boolean): void;
  /** The line at its foot, while it runs. */
  count(state: IState): void;
}

export function card(node: INode, ports: boolean): ICard {
  const { width, height } = node;
  const chip = 11 + 6.6 * node.chip.length;
  const look = kindOf(node.kind);
  const sign = glyph('new');
  const detail = svg('text', { class: 'jm-detail', x: 19 + chip, y: height - 9.5 });
  const title = svg('title');
  const kind = svg('text', { class: 'jm-kind', x: LEFT, y: 40 });
  const badge = svg(
    'g',
    { class: 'jm-badge', transform: `translate(${width - BADGE - 8} 30)` },
    svg('rect', { width: BADGE, height: 15, rx: 4 }),
    svg('text', { x: BADGE / 2, y: 11 }, words('SAMPLE'))
  );
  const passes = svg('text', { y: 11.5 });
  const output = svg(
    'g',
    { class: 'jm-passes', transform: `translate(${width / 2} ${height + 5})` },
    svg('rect', { height: 16, rx: 8 }),
    passes
  );
  const tile = svg(
    'g',
    { class: 'jm-tile' },
    svg('rect', { x: 10, y: 10, width: 29, height: 29, rx: 7 }),
    svg('path', { transform: 'translate(16.5 16.5)', d: look.path })
  );
  (tile.firstElementChild as SVGElement).style.setProperty('fill', node.colour);
  tile.dataset.ink = ink(node.colour);
  const most = Math.floor((width - 88) / 10.4); // names are larger there, beside a larger sign
  const group = svg(
    'g',
    { class: 'jm-node', role: 'button', tabindex: -1, transform: `translate(${node.x} ${node.y})` },
    title,
    svg('rect', { class: 'jm-shade', x: 0.5, y: 2, width: width - 1, height, rx: 9 }),
    svg('rect', { class: 'jm-card', width, height, rx: 9 }),
    tile,
    svg('text', { class: 'jm-title', x: LEFT, y: 24 }, node.title),
    svg('text', { class: 'jm-farname', x: LEFT, y: height / 2 + 7 }, cut(node.title, most)),
    kind,
    svg('rect', { class: 'jm-chip', x: 10, y: height - 21, width: chip, height: 15, rx: 4 }),
    svg('text', { class: 'jm-chiptext', x: 10 + chip / 2, y: height - 10 }, node.chip),
    detail,
    badge,
    output,
    svg('g', { transform: `translate(${width - 26} 10)` }, sign)
  );
  group.dataset.block = node.id;
  group.dataset.ink = tile.dataset.ink;
  if (node.members) {
    group.classList.add('jm-group');
    group
      .querySelector('.jm-card')
      ?.before(
        svg('rect', { class: 'jm-card jm-behind', x: 6, y: 6, width: width - 6, height: height - 1, rx: 9 })
      );
  }
  if (ports) {
    group.append(port('in', width / 2, 0), port('out', width / 2, height));
  }

  const foot = (state: IState, more = '') => {
    const room = (width - 27 - chip) / 5.9;
    const said = state.flow && passed ? without(state.detail, state.flow.shape) : state.detail;
    detail.textContent = cut(said, room - more.length) + more;
  };
  let passed = false;
  return {
    node,
    group,
    paint(state, passesOn) {
      passed = passesOn;
      group.dataset.status = state.status;
      group.classList.toggle('jm-sampled', state.sampled === true);
      kind.textContent = cut(
        kindLine(node, state),
        (width - LEFT - 10 - (state.sampled ? BADGE + 4 : 0)) / 5.7
      );
      setGlyph(sign, state.status);
      foot(state);
      const { flow } = state;
      output.classList.toggle('jm-has', passesOn && flow !== undefined);
      if (flow && passesOn) {
        output.dataset.alert = flow.alert;
        passes.textContent = cut(pill(flow), (width + 10) / 5.8);
        const wide = 16 + (flow.alert ? 6.3 : 5.8) * passes.textContent.length;
        output.firstElementChild?.setAttribute('x', String(-wide / 2));
        output.firstElementChild?.setAttribute('width', String(wide));
      }
      const said = describe(node, state);
      title.textContent = said;
      group.setAttribute('aria-label', said.replaceAll('\n', ', '));
    },
    count(state) {
      const said = words('{seconds}', { seconds: running(state) });
      foot({ ...state, detail: state.detail || lookOf('running').label }, ` · ${said}`);
    }
  };
}

/** Seconds that a block runs, on our own clock, from how long the kernel said that it had run. */
export function running(state: IState): string {
  const seconds = Math.max(0, Math.floor((performance.now() - (state.since ?? performance.now())) / 1000));
  return seconds ? duration(seconds).replace(/\.\d+/, '') : '0 s';
}

function port(side: Side, x: number, y: number): SVGCircleElement {
  const made = svg('circle', { class: 'jm-port', cx: x, cy: y, r: 6 });
  made.dataset.side = side;
  return made;
}

/** Whether a light or a dark sign is seen better on this colour. */
function ink(colour: string): string {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(i => {
    const part = parseInt(colour.slice(i, i + 2), 16) / 255 || 0;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.28 ? 'dark' : 'light';
}

/** The line under a name: the kind, whether it runs item by item, its tests. */
function kindLine(node: INode, state: IState): string {
  const parts = [node.members ? words('{n} blocks', { n: node.members.length }) : words(node.kindLabel)];
  if (node.mapped) {
    parts.push('map');
  }
  if (node.tests) {
    parts.push(testsOf(node, state));
  }
  return parts.join(' · ');
}

function testsOf(node: INode, state: IState): string {
  if (state.passed !== undefined) {
    return words('{passed}/{all} tests', { passed: state.passed, all: node.tests });
  }
  return node.tests === 1 ? words('1 test') : words('{n} tests', { n: node.tests });
}

function without(detail: string, shape: string): string {
  return detail.startsWith(`${shape} · `) ? detail.slice(shape.length + 3) : detail;
}

export function cut(text: string, limit: number): string {
  const most = Math.max(1, Math.floor(limit));
  return text.length > most ? text.slice(0, most - 1) + '…' : text;
}

/** A block in one breath, for tooltips and screen readers. */
export function describe(node: INode, state: IState): string {
  const parts = [
    `${node.label}: ${words(node.kindLabel)}, ${node.language}`,
    lookOf(state.status).label,
    state.sampled ? words('made of a sample, not of all the data') : '',
    state.detail
  ];
  if (state.error) {
    parts.push(state.error + (state.line ? ` (${words('line {line}', { line: state.line })})` : ''));
  }
  if (state.reason) {
    parts.push(state.reason);
  }
  if (state.flow?.change) {
    parts.push(...told(state.flow).slice(-1));
  }
  if (node.tests && state.passed !== undefined) {
    parts.push(words('{passed} of {all} tests passed', { passed: state.passed, all: node.tests }));
  }
  if (state.memory) {
    parts.push(words('peak memory {memory}', { memory: state.memory }));
  }
  if (node.mapped) {
    parts.push(words('one run for each item of {name}', { name: node.mapped }));
  }
  if (node.upstreams.length) {
    parts.push(words('from {names}', { names: node.upstreams.slice(0, 12).join(', ') }));
  }
  if (node.doc) {
    parts.push(node.doc);
  }
  return [...new Set(parts)].filter(Boolean).join('\n');
}

/** A small window over the drawing, made by whoever shows it. */
export function bubble(name: string, ...children: (Node | string)[]): HTMLElement {
  return html('div', { class: `jm-bubble ${name}` }, ...children);
}
