/**
 * Draws a pipeline where Python says it stands. No Jupyter in here: `mount(host, source)` draws, what it answers stops.
 */

import { Camera, READABLE } from './camera';
import { button, duration, glyph, html, lookOf, setGlyph, svg } from './dom';
import { type Changed, type INode, type IPicture, type ISource, type IState, Neighbours } from './model';
import { ask } from './request';

export interface IViewOptions {
  /** Whether a plain wheel moves the drawing (not in a notebook, where it scrolls). */
  wheelPans?: boolean;
  /** Pixels that the drawing may grow to: it is as high as it needs, up to this. */
  most: () => number;
  /** An element whose size `most` depends on. */
  room?: HTMLElement;
  /** Called with a listener that is told which block to bring into sight and mark; what it answers stops that. */
  reveal?: (listener: (block: string) => void) => () => void;
}

const NEW: IState = { status: 'new', detail: '' };
/** Below this zoom only names are drawn, larger. */
const FAR = 0.55;
/** The badge of an output that was made of a sample, and its width. */
const SAMPLE = 'SAMPLE';
const BADGE = 48;

interface IDrawn {
  node: INode;
  group: SVGGElement;
  sign: SVGGElement;
  detail: SVGTextElement;
  title: SVGTitleElement;
  kind: SVGTextElement;
  badge: SVGGElement;
}

export function mount(host: HTMLElement, source: ISource, options: IViewOptions): () => void {
  const view = new View(host, source, options);
  return () => view.dispose();
}

class View {
  constructor(
    private readonly host: HTMLElement,
    private readonly source: ISource,
    private readonly options: IViewOptions
  ) {
    this._stage.append(this._scene);
    this._root.append(this._stage, this._empty, this._tools());
    host.append(this._root);
    this._camera = new Camera(this._stage, this._scene, {
      wheelPans: options.wheelPans ?? false,
      changed: scale => {
        this._root.classList.toggle('jm-far', scale < FAR);
        const [width, height] = this._size();
        this._root.classList.toggle('jm-whole', this._camera.sees(width, height));
        this._percent.textContent = `${Math.round(scale * 100)} %`;
      }
    });
    this._stage.addEventListener('click', event => this._click(event));
    this._stage.addEventListener('keydown', event => this._key(event));
    this._stage.addEventListener('focusin', event => this._focus(event));
    this._resize = new ResizeObserver(() => this._fit());
    this._resize.observe(host);
    if (options.room) {
      this._resize.observe(options.room);
    }
    this._stop = source.listen(changed => this._update(changed));
    this._deaf = options.reveal?.(block => this._reveal(block));
    this._update(null);
  }

  dispose(): void {
    this._stop();
    this._deaf?.();
    this._resize.disconnect();
    this._camera.dispose();
    clearInterval(this._clock);
    this._root.remove();
  }

  private _update(changed: Changed): void {
    const picture = this.source.picture();
    this._root.classList.toggle('jm-lost', !this.source.live());
    if (changed === null) {
      this._draw(picture);
    }
    if (picture) {
      for (const id of changed ?? picture.states.keys()) {
        this._state(id, picture.states.get(id) ?? NEW);
      }
      this._flow(picture);
    }
    this._tick();
  }

  private _draw(picture: IPicture | null): void {
    const focused = this._root.contains(document.activeElement) ? this._current : '';
    this._drawn.clear();
    this._scene.replaceChildren();
    this._empty.hidden = (picture?.nodes.length ?? 0) > 0;
    const same = picture?.pipeline === this._pipeline;
    this._pipeline = picture?.pipeline ?? '';
    if (!picture) {
      return;
    }
    this._neighbours = new Neighbours(picture);
    this._stage.setAttribute('aria-label', `Pipeline ${picture.pipeline}, ${picture.nodes.length} blocks`);
    const edges = svg('g', { class: 'jm-edges', 'aria-hidden': 'true' });
    this._edges = picture.edges.map(edge => {
      const [x, y] = edge.tip;
      const tip = edge.sideways
        ? `M${x - 7} ${y - 4}L${x} ${y}L${x - 7} ${y + 4}Z`
        : `M${x - 4} ${y - 7}L${x} ${y}L${x + 4} ${y - 7}Z`;
      const line = svg(
        'g',
        { class: 'jm-edge' },
        svg('path', { d: edge.path }),
        svg('path', { d: tip, class: 'jm-tip' })
      );
      line.classList.toggle('jm-order', edge.orderOnly);
      edges.append(line);
      return { edge, line };
    });
    const cards = svg('g');
    for (const node of picture.nodes) {
      const drawn = this._card(node);
      this._drawn.set(node.id, drawn);
      cards.append(drawn.group);
    }
    this._scene.append(edges, cards);
    if (!this._drawn.has(this._current)) {
      this._current = picture.nodes[0]?.id ?? '';
      this._selected = '';
    }
    this._drawn.get(this._current)?.group.setAttribute('tabindex', '0');
    if (focused && this._drawn.has(focused)) {
      this._drawn.get(focused)?.group.focus({ preventScroll: true });
    }
    this._select(this._selected);
    if (!same) {
      this._camera.chosen = false;
    }
    this._fit();
  }

  private _card(node: INode): IDrawn {
    const { width, height } = node;
    const chip = 11 + 6.6 * node.chip.length;
    const bar = svg('path', {
      class: 'jm-bar',
      d: `M9 .5A8.5 8.5 0 0 0 .5 9V${height - 9}A8.5 8.5 0 0 0 5.5 ${height - 1.4}V1.4Z`
    });
    bar.style.setProperty('fill', node.colour);
    const sign = glyph('new');
    const spot = svg('g', { transform: `translate(${width - 27} 11.5)` }, sign);
    const detail = svg('text', { class: 'jm-detail', x: 17, y: 64.5 });
    const title = svg('title');
    const kind = svg('text', { class: 'jm-kind', x: 22 + chip, y: 44.5 });
    const badge = svg(
      'g',
      { class: 'jm-badge', transform: `translate(${width - BADGE - 10} 33)` },
      svg('rect', { width: BADGE, height: 15, rx: 4 }),
      svg('text', { x: BADGE / 2, y: 11 }, SAMPLE)
    );
    const most = Math.floor((width - 55) / 11); // names are larger there, beside a larger sign
    const far = node.title.length > most ? node.title.slice(0, most - 1) + '…' : node.title;
    const group = svg(
      'g',
      { class: 'jm-node', role: 'button', tabindex: -1, transform: `translate(${node.x} ${node.y})` },
      title,
      svg('rect', { class: 'jm-card', width, height, rx: 9 }),
      bar,
      svg('text', { class: 'jm-title', x: 17, y: 24 }, node.title),
      svg('text', { class: 'jm-farname', x: 17, y: height / 2 + 7 }, far),
      svg('rect', { class: 'jm-chip', x: 16, y: 33, width: chip, height: 15, rx: 4 }),
      svg('text', { class: 'jm-chiptext', x: 16 + chip / 2, y: 44 }, node.chip),
      kind,
      badge,
      detail,
      spot
    );
    group.dataset.block = node.id;
    return { node, group, sign, detail, title, kind, badge };
  }

  private _state(id: string, state: IState): void {
    const drawn = this._drawn.get(id);
    if (!drawn) {
      return;
    }
    drawn.group.dataset.status = state.status;
    drawn.group.classList.toggle('jm-sampled', state.sampled === true);
    const chip = 11 + 6.6 * drawn.node.chip.length;
    drawn.kind.textContent = cut(
      kindOf(drawn.node),
      (drawn.node.width - 32 - chip - (state.sampled ? BADGE + 8 : 0)) / 5.7
    );
    setGlyph(drawn.sign, state.status);
    if (state.status === 'running') {
      if (!this._since.has(id)) {
        this._since.set(id, performance.now());
      }
    } else {
      this._since.delete(id);
    }
    drawn.detail.textContent = cut(state.detail, (drawn.node.width - 30) / 5.9);
    const words = describe(drawn.node, state);
    drawn.title.textContent = words;
    drawn.group.setAttribute('aria-label', words.replaceAll('\n', ', '));
  }

  /** Edges into a block that runs now. */
  private _flow(picture: IPicture): void {
    for (const { edge, line } of this._edges) {
      line.classList.toggle('jm-flow', picture.states.get(edge.target)?.status === 'running');
    }
  }

  /** Count the seconds of what runs, on our own clock. */
  private _tick(): void {
    for (const [id, since] of this._since) {
      const drawn = this._drawn.get(id);
      if (drawn) {
        const seconds = Math.floor((performance.now() - since) / 1000) || 0.5;
        const detail = this.source.picture()?.states.get(id)?.detail || lookOf('running').label;
        const time = ` · ${duration(seconds).replace(/\.\d+/, '')}`;
        drawn.detail.textContent = cut(detail, (drawn.node.width - 30) / 5.9 - time.length) + time;
      } else {
        this._since.delete(id);
      }
    }
    if (this._since.size && !this._clock) {
      this._clock = window.setInterval(() => this._tick(), 1000);
    } else if (!this._since.size) {
      clearInterval(this._clock);
      this._clock = 0;
    }
  }

  private _fit(): void {
    const [width, height] = this._size();
    if (this.host.clientWidth) {
      const scale = Math.max(Math.min(1, this.host.clientWidth / width), READABLE);
      const wanted = this._drawn.size ? Math.min(this.options.most(), Math.max(110, height * scale)) : 64;
      this._stage.style.height = `${Math.ceil(wanted)}px`;
    }
    if (!this._camera.chosen) {
      this._camera.fit(width, height);
    }
  }

  private _size(): [number, number] {
    return this.source.picture()?.size ?? [1, 1];
  }

  private _tools(): HTMLElement {
    const all = () => this._camera.fit(...this._size(), true);
    const tools = html(
      'div',
      { class: 'jm-tools', role: 'group', 'aria-label': 'Zoom' },
      button('minus', 'Zoom out', () => this._camera.zoom(1 / 1.25)),
      this._percent,
      button('plus', 'Zoom in', () => this._camera.zoom(1.25)),
      button('fit', 'Show the whole pipeline', all)
    );
    return tools;
  }

  private _click(event: Event): void {
    const group = (event.target as Element).closest<SVGGElement>('.jm-node');
    if (this._camera.dragged) {
      return;
    }
    const block = group?.dataset.block ?? '';
    this._select(block);
    if (group) {
      group.focus({ preventScroll: true });
      ask(this._root, this.source, { action: 'open', block });
    }
  }

  private _key(event: KeyboardEvent): void {
    const picture = this.source.picture();
    const drawn = this._drawn.get(this._current);
    if (!picture || !drawn || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    if (event.key === 'Enter' || event.key === ' ') {
      this._select(this._current);
      ask(this._root, this.source, { action: 'open', block: this._current });
    } else if (event.key === 'Escape') {
      this._select('');
    } else if (event.key === '+' || event.key === '-') {
      this._camera.zoom(event.key === '+' ? 1.25 : 1 / 1.25);
    } else if (/^(Arrow|Home|End)/.test(event.key)) {
      const next = this._neighbours?.step(picture, drawn.node, event.key);
      if (next) {
        this._drawn.get(next.id)?.group.focus({ preventScroll: true });
      }
    } else {
      return;
    }
    event.preventDefault(); // the notebook has its own use for these keys
    event.stopPropagation();
  }

  private _focus(event: FocusEvent): void {
    const block = (event.target as Element).closest<SVGGElement>('.jm-node')?.dataset.block;
    const drawn = block === undefined ? undefined : this._drawn.get(block);
    if (drawn) {
      this._drawn.get(this._current)?.group.setAttribute('tabindex', '-1');
      this._current = drawn.node.id;
      drawn.group.setAttribute('tabindex', '0');
      const { x, y, width, height } = drawn.node;
      this._camera.reveal(x, y, width, height);
    }
  }

  private _reveal(block: string): void {
    const group = this._drawn.get(block)?.group;
    if (group) {
      this._select(block);
      group.focus({ preventScroll: true }); // which brings it into sight
    }
  }

  private _select(block: string): void {
    this._selected = block;
    const near = new Set([
      block,
      ...(this._neighbours?.above.get(block) ?? []),
      ...(this._neighbours?.below.get(block) ?? [])
    ]);
    this._root.classList.toggle('jm-selecting', block !== '');
    for (const [id, { group }] of this._drawn) {
      group.classList.toggle('jm-selected', id === block);
      group.classList.toggle('jm-near', near.has(id));
    }
    for (const { edge, line } of this._edges) {
      line.classList.toggle('jm-near', block !== '' && (edge.source === block || edge.target === block));
    }
  }

  private readonly _root = html('div', { class: 'jm-root jm-dag' });
  private readonly _stage = svg('svg', { class: 'jm-stage', role: 'group', 'aria-label': 'Pipeline' });
  private readonly _scene = svg('g');
  private readonly _percent = html('span', { class: 'jm-percent', 'aria-live': 'off' }, '100 %');
  private readonly _empty = html(
    'div',
    { class: 'jm-empty' },
    html('strong', {}, 'No blocks yet'),
    html('span', {}, 'A cell that starts with '),
    html('code', {}, '%%block name'),
    html('span', {}, ' makes the first.')
  );
  private readonly _camera: Camera;
  private readonly _drawn = new Map<string, IDrawn>();
  private readonly _since = new Map<string, number>();
  private readonly _resize: ResizeObserver;
  private readonly _stop: () => void;
  private readonly _deaf: (() => void) | undefined;
  private _edges: { edge: IPicture['edges'][number]; line: SVGGElement }[] = [];
  private _neighbours: Neighbours | null = null;
  private _clock = 0;
  private _current = '';
  private _selected = '';
  private _pipeline = '';
}

/** What a card says beside its language: the kind, whether it runs item by item, and how many tests it has. */
function kindOf(node: INode): string {
  const tests = node.tests ? ` · ${node.tests} test${node.tests === 1 ? '' : 's'}` : '';
  return node.kindLabel + (node.mapped ? ' · map' : '') + tests;
}

function cut(words: string, limit: number): string {
  const most = Math.floor(limit);
  return words.length > most ? words.slice(0, most - 1) + '…' : words;
}

/** A block in one breath, for tooltips and screen readers. */
export function describe(node: INode, state: IState): string {
  const parts = [
    `${node.label}: ${node.kindLabel}, ${node.language}`,
    lookOf(state.status).label,
    state.sampled ? 'made of a sample, not of all the data' : '',
    state.detail
  ];
  if (state.error) {
    parts.push(state.error + (state.line ? ` (line ${state.line})` : ''));
  }
  if (state.reason) {
    parts.push(state.reason);
  }
  if (state.memory) {
    parts.push(`peak memory ${state.memory}`);
  }
  if (node.mapped) {
    parts.push(`one run for each item of ${node.mapped}`);
  }
  if (node.upstreams.length) {
    parts.push(`from ${node.upstreams.slice(0, 12).join(', ')}`);
  }
  if (node.doc) {
    parts.push(node.doc);
  }
  return [...new Set(parts)].filter(Boolean).join('\n');
}
