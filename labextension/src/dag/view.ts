/**
 * Draws a pipeline where Python says it stands. No Jupyter in here: `mount(host, source)` draws, what it answers stops.
 *
 * Only what is in sight is in the page (`culling.ts`); from far away it is one picture (`overview.ts`). What else a graph can do
 * is added to it, each in a file of its own (`graph.ts` says how).
 */

import { Camera, READABLE } from './camera';
import { Index } from './culling';
import { button, html } from './dom';
import { keyOf, sources } from './edges';
import type { Addition, Happening, IGraph, IViewOptions, KeyHandler, Stop } from './graph';
import { groups, stateOf } from './groups';
import { hints } from './hints';
import { help, keys } from './keys';
import { minimap } from './minimap';
import type { Changed, IDrawing, IEdge, INode, IPicture, ISource, IState } from './model';
import { Neighbours } from './neighbours';
import { describe, NEW } from './nodes';
import { pointer } from './pointer';
import { Scene } from './scene';
import { scope } from './scope';
import { search } from './search';
import { words } from './words';

export { describe };
export type { Addition, IGraph, IViewOptions } from './graph';

/** Below this zoom only names are drawn, larger. */
const FAR = 0.55;
/** Where a drawing is narrower than this, the tools have a strip of their own below it, so high. */
const NARROW = 420;
const TOOLS = 40;

const ADDITIONS: readonly Addition[] = [groups, scope, search, help, minimap, hints];

export function mount(host: HTMLElement, source: ISource, options: IViewOptions): Stop {
  const view = new View(host, source, options);
  return () => view.dispose();
}

export class View implements IGraph {
  constructor(
    private readonly host: HTMLElement,
    readonly source: ISource,
    readonly options: IViewOptions
  ) {
    this.stage.append(this._scene.layer);
    this.root.append(this.stage, this._empty, this._tools, this._spoken);
    this.root.classList.toggle('jm-edits', options.onPort !== undefined);
    host.append(this.root);
    this.camera = new Camera(this.stage, {
      wheelPans: options.wheelPans ?? false,
      changed: () => this._moved()
    });
    this._stops = [...this._zoomTools(), keys(this), pointer(this)];
    this._stops.push(...[...ADDITIONS, ...(options.with ?? [])].map(add => add(this)));
    this._resize = new ResizeObserver(() => this._fit());
    this._resize.observe(host);
    if (options.room) {
      this._resize.observe(options.room);
    }
    this._stops.push(source.listen(changed => this._update(changed)));
    this._update(null);
  }

  dispose(): void {
    this._stops.forEach(stop => stop());
    this._resize.disconnect();
    this.camera.dispose();
    clearInterval(this._clock);
    this.root.remove();
  }

  // ---- what others are told, and ask

  picture(): IPicture | null {
    return this._shown;
  }

  node(id: string): INode | undefined {
    return this._nodes.get(id);
  }

  edge(key: string): IEdge | undefined {
    return this._edges.get(key);
  }

  nodes(): Iterable<INode> {
    return this._nodes.values();
  }

  edges(): Iterable<IEdge> {
    return this._edges.values();
  }

  count(): number {
    return this._nodes.size;
  }

  /** Whether some block takes what this one gives. */
  passes(id: string): boolean {
    return this._passing.has(id);
  }

  state(id: string): IState {
    const node = this._nodes.get(id);
    const states = this.source.picture()?.states;
    return (node?.members ? stateOf(node.members, states) : states?.get(id)) ?? NEW;
  }

  neighbours(): Neighbours {
    return this._neighbours;
  }

  pointAt(clientX: number, clientY: number): [number, number] {
    const box = this.stage.getBoundingClientRect();
    return [
      (clientX - box.left - this.camera.x) / this.camera.scale,
      (clientY - box.top - this.camera.y) / this.camera.scale
    ];
  }

  nodeAt(clientX: number, clientY: number): INode | null {
    return this._index?.nodeAt(...this.pointAt(clientX, clientY)) ?? null;
  }

  edgeAt(clientX: number, clientY: number): IEdge | null {
    return this._index?.edgeAt(...this.pointAt(clientX, clientY), 7 / this.camera.scale) ?? null;
  }

  element(id: string): SVGGElement | null {
    return this._scene.cards.get(id)?.group ?? null;
  }

  current(): INode | null {
    return this._nodes.get(this._current) ?? null;
  }

  /** The edge that has the keyboard, if one has. */
  onEdge(): IEdge | null {
    return this._edges.get(this._currentEdge) ?? null;
  }

  go(id: string): void {
    const node = this._nodes.get(id);
    if (!node) {
      return;
    }
    const before = this._current;
    this._current = id;
    this._currentEdge = '';
    this.camera.reveal(node.x, node.y, node.width, node.height);
    this._scene.cull(this._index, true);
    this._scene.cards.get(before)?.group.setAttribute('tabindex', '-1');
    const group = this._scene.cards.get(id)?.group;
    group?.setAttribute('tabindex', '0');
    group?.focus({ preventScroll: true });
    this._scene.overview.draw();
  }

  goEdge(edge: IEdge): void {
    this._currentEdge = keyOf(edge);
    this._scene.cull(this._index, true);
    this._scene.lines.get(this._currentEdge)?.group.focus({ preventScroll: true });
  }

  /** The keyboard came to a card by other ways than `go`: Tab, a press, a screen reader. */
  came(id: string): void {
    if (id !== this._current) {
      this._scene.cards.get(this._current)?.group.setAttribute('tabindex', '-1');
      this._current = id;
      this._scene.cards.get(id)?.group.setAttribute('tabindex', '0');
    }
    this._currentEdge = '';
    const node = this._nodes.get(id);
    if (node) {
      this.camera.reveal(node.x, node.y, node.width, node.height);
    }
  }

  select(id: string): void {
    this._selected = id;
    this.root.classList.toggle('jm-selecting', id !== '');
    this._scene.mark();
    this._tell('selected');
  }

  selected(): string {
    return this._selected;
  }

  fade(owner: string, but: ReadonlySet<string> | null): void {
    if (but) {
      this._fades.set(owner, but);
    } else {
      this._fades.delete(owner);
    }
    this.root.classList.toggle('jm-fading', this._fades.size > 0);
    this._scene.mark();
  }

  faded(id: string): boolean {
    return [...this._fades.values()].some(but => !but.has(id));
  }

  say(text: string): void {
    this._spoken.textContent = text;
  }

  tool(element: HTMLElement): Stop {
    this._tools.append(element);
    return () => element.remove();
  }

  onKey(handler: KeyHandler): Stop {
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  on(what: Happening, listener: () => void): Stop {
    const all = this._listeners.get(what) ?? new Set();
    this._listeners.set(what, all.add(listener));
    return () => all.delete(listener);
  }

  /** Draw another form of the same picture: with its groups closed, or open. */
  useClosed(closed: boolean): void {
    if (closed !== this._closed) {
      this._closed = closed;
      this._draw();
      this._fit(true);
    }
  }

  isClosed(): boolean {
    return this._closed;
  }

  // ---- drawing

  private _tell(what: Happening): void {
    this._listeners.get(what)?.forEach(listener => listener());
  }

  private _update(changed: Changed): void {
    const picture = this.source.picture();
    this.root.classList.toggle('jm-lost', !this.source.live());
    if (picture !== this._picture) {
      const same = picture?.pipeline === this._picture?.pipeline;
      this._picture = picture;
      this._closed = this._closed && same && (picture?.closed ?? null) !== null;
      if (!same) {
        this.camera.chosen = false;
      }
      this._draw();
    }
    this._scene.paint(changed);
    this._tell('painted');
    this._tick();
  }

  private _draw(): void {
    const picture = this._picture;
    const held = this.stage.contains(document.activeElement);
    const drawing: IDrawing | null = this._closed ? (picture?.closed ?? picture) : picture;
    this._shown = picture && drawing ? { ...picture, ...drawing, states: picture.states } : null;
    this._nodes = new Map(drawing?.nodes.map(node => [node.id, node]));
    this._edges = new Map(drawing?.edges.map(edge => [keyOf(edge), edge]));
    this._neighbours = new Neighbours(drawing ?? { size: [1, 1], nodes: [], edges: [] });
    this._index = drawing && new Index(drawing);
    this._passing = drawing ? sources(drawing) : new Set();
    this._scene.clear();
    this._empty.hidden = this._nodes.size > 0;
    this.stage.setAttribute(
      'aria-label',
      words('Pipeline {name}, {n} blocks', { name: picture?.pipeline ?? '', n: picture?.nodes.length ?? 0 })
    );
    if (!this._nodes.has(this._current)) {
      this._current = drawing?.nodes[0]?.id ?? '';
      this._selected = this._nodes.has(this._selected) ? this._selected : '';
    }
    this._currentEdge = '';
    this._scene.overview.use(drawing);
    this._tell('drawn');
    this._fit();
    this._scene.cull(this._index, true);
    this.select(this._selected);
    if (held) {
      this._scene.cards.get(this._current)?.group.focus({ preventScroll: true });
    }
  }

  private _moved(): void {
    const { scale } = this.camera;
    this._scene.move();
    this.root.classList.toggle('jm-far', scale < FAR);
    this.root.classList.toggle('jm-dots', this._scene.dots());
    this.root.classList.toggle('jm-whole', this.camera.sees(...this.size()));
    this._percent.textContent = `${Math.round(scale * 100)} %`;
    this._scene.cull(this._index);
    this._tell('moved');
  }

  /** Count the seconds of what runs, on our own clock. */
  private _tick(): void {
    let counting = false;
    for (const [id, state] of this.source.picture()?.states ?? []) {
      if (state.status === 'running' && this.source.live()) {
        state.since ??= performance.now();
        counting = true;
        this._scene.cards.get(id)?.count(state);
      }
    }
    if (counting && !this._clock) {
      this._clock = window.setInterval(() => this._tick(), 1000);
    } else if (!counting) {
      clearInterval(this._clock);
      this._clock = 0;
    }
  }

  private _fit(anew = false): void {
    const [width, height] = this.size();
    if (this.host.clientWidth) {
      const scale = Math.max(Math.min(1, this.host.clientWidth / width), READABLE);
      const room = this.host.clientWidth < NARROW ? TOOLS : 0; // else the tools stand beside the lowest card
      const wanted = this._nodes.size
        ? Math.min(this.options.most(), Math.max(110, height * scale) + room)
        : 64;
      this.camera.below = room;
      this.stage.style.height = `${Math.ceil(wanted)}px`;
    }
    if (anew || !this.camera.chosen) {
      this.camera.fit(width, height);
      const first = this.current();
      if (first && !this.camera.sees(width, height, false)) {
        this.camera.reveal(first.x, first.y, first.width, first.height); // the part where it begins
      }
    } else {
      this._scene.cull(this._index, true);
      this._moved();
    }
  }

  size(): [number, number] {
    return this._shown?.size ?? [1, 1];
  }

  private _zoomTools(): Stop[] {
    return [
      button('minus', words('Zoom out'), () => this.camera.zoom(1 / 1.25)),
      this._percent,
      button('plus', words('Zoom in'), () => this.camera.zoom(1.25)),
      button('fit', words('Show the whole pipeline'), () => this.camera.fit(...this.size(), true))
    ].map(each => this.tool(each));
  }

  readonly root = html('div', { class: 'jm-root jm-dag' });
  readonly stage = html('div', { class: 'jm-stage', role: 'group', 'aria-label': words('Pipeline') });
  readonly camera: Camera;
  readonly handlers = new Set<KeyHandler>();
  /** Says what flowed along an edge, where nobody else on the page does. */
  explain: (edge: IEdge) => void = () => undefined;
  /** What a click on a closed group does. */
  openGroup: (members: readonly string[]) => void = () => undefined;
  private readonly _scene = new Scene(this);
  readonly overlay = this._scene.overlay;
  private readonly _percent = html('span', { class: 'jm-percent', 'aria-live': 'off' }, '100 %');
  private readonly _spoken = html('div', { class: 'jm-spoken', role: 'status', 'aria-live': 'polite' });
  private readonly _tools = html('div', { class: 'jm-tools', role: 'toolbar', 'aria-label': words('Graph') });
  private readonly _empty = html(
    'div',
    { class: 'jm-empty' },
    html('strong', {}, words('No blocks yet')),
    html(
      'span',
      {},
      words('A cell that starts with '),
      html('code', {}, '%%block name'),
      words(' makes the first.')
    )
  );
  private readonly _resize: ResizeObserver;
  private readonly _stops: Stop[];
  private readonly _listeners = new Map<Happening, Set<() => void>>();
  private readonly _fades = new Map<string, ReadonlySet<string>>();
  private _picture: IPicture | null = null;
  private _shown: IPicture | null = null;
  private _nodes = new Map<string, INode>();
  private _edges = new Map<string, IEdge>();
  private _neighbours = new Neighbours({ size: [1, 1], nodes: [], edges: [] });
  private _index: Index | null = null;
  private _passing = new Set<string>();
  private _closed = false;
  private _clock = 0;
  private _current = '';
  private _currentEdge = '';
  private _selected = '';
}
