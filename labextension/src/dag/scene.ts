/** What of the drawing is in the page: the cards and lines in sight, and whatever has the keyboard. */

import type { IBox } from './camera';
import { contains, type Index } from './culling';
import { html, svg } from './dom';
import { keyOf, line, type ILine } from './edges';
import type { Changed, IEdge, INode } from './model';
import { card, type ICard } from './nodes';
import { Overview } from './overview';
import type { View } from './view';

/** So many blocks are in the page whole, out of sight or not: it costs nothing, and a screen reader finds them all. */
const SMALL = 150;
/** Below this zoom, many blocks are one picture of all. */
const DOTS = 0.25;
/** How much beyond what is seen is made ready, so that a drag of that length costs nothing. */
const MARGIN = 0.3;
const EVERYWHERE = { x: -Infinity, y: -Infinity, width: Infinity, height: Infinity };

export class Scene {
  readonly overview: Overview;
  readonly overlay = svg('g', { class: 'jm-overlay' });
  readonly cards = new Map<string, ICard>();
  readonly lines = new Map<string, ILine>();
  /** Moved as a whole when another part is looked at: nothing is drawn again for that. */
  readonly layer: HTMLElement;

  constructor(private readonly view: View) {
    this.overview = new Overview(view);
    this._scene.append(this._lines, this._cards, this.overlay);
    this.layer = html(
      'div',
      { class: 'jm-layer' },
      this.overview.canvas,
      svg('svg', { class: 'jm-scene', width: 1, height: 1 }, this._scene)
    );
  }

  /** Other blocks and edges: nothing of the old ones stays. */
  clear(): void {
    this.cards.clear();
    this.lines.clear();
    this._cards.replaceChildren();
    this._lines.replaceChildren();
    this._ready = null;
  }

  /** Whether blocks are too small to be cards. A few are cards at any zoom. */
  dots(): boolean {
    return this.view.camera.scale < DOTS && this.view.count() > SMALL;
  }

  move(): void {
    const { x, y, scale } = this.view.camera;
    this.layer.style.transform = `translate(${Math.round(x)}px,${Math.round(y)}px)`;
    if (scale !== this._scale) {
      this._scale = scale;
      this._scene.setAttribute('transform', `scale(${scale})`);
      this._ready = null;
    }
  }

  /** Have in the page what is in sight, and whatever has the keyboard; `again`: although we may have moved little. */
  cull(index: Index | null, again = false): void {
    const { camera } = this.view;
    if (!index || (!again && this._ready && contains(this._ready, camera.seen()))) {
      return;
    }
    const area = this.view.count() <= SMALL ? null : camera.seen(MARGIN);
    this._ready = area ?? EVERYWHERE;
    const dots = this.dots();
    const nodes = area ? (dots ? new Set<INode>() : index.nodesIn(area)) : new Set(this.view.nodes());
    const edges = area ? (dots ? new Set<IEdge>() : index.edgesIn(area)) : new Set(this.view.edges());
    const [node, edge] = [this.view.current(), this.view.onEdge()];
    if (node) {
      nodes.add(node);
    }
    if (edge) {
      edges.add(edge);
    }
    this._keep(nodes, edges);
    this.overview.show(dots, this._ready);
  }

  private _keep(nodes: Set<INode>, edges: Set<IEdge>): void {
    for (const [id, { node, group }] of this.cards) {
      if (!nodes.has(node)) {
        group.remove();
        this.cards.delete(id);
      }
    }
    for (const [key, { edge, group }] of this.lines) {
      if (!edges.has(edge)) {
        group.remove();
        this.lines.delete(key);
      }
    }
    for (const node of nodes) {
      if (!this.cards.has(node.id)) {
        const made = card(node, this.view.options.onPort !== undefined);
        this.cards.set(node.id, made);
        made.paint(this.view.state(node.id), this.view.passes(node.id));
        this._markCard(made);
        made.group.setAttribute('tabindex', node === this.view.current() ? '0' : '-1');
        this._cards.append(made.group);
      }
    }
    for (const edge of edges) {
      if (!this.lines.has(keyOf(edge))) {
        const made = line(edge);
        this.lines.set(keyOf(edge), made);
        made.paint(this.view.state(edge.source), this.view.state(edge.target));
        this._markLine(made);
        this._lines.append(made.group);
      }
    }
  }

  paint(changed: Changed): void {
    const moved = changed === null ? null : new Set(changed);
    for (const [id, drawn] of this.cards) {
      if (!moved || moved.has(id) || drawn.node.members?.some(each => moved.has(each))) {
        drawn.paint(this.view.state(id), this.view.passes(id));
      }
    }
    for (const { edge, paint } of this.lines.values()) {
      if (!moved || moved.has(edge.source) || moved.has(edge.target) || this.view.isClosed()) {
        paint(this.view.state(edge.source), this.view.state(edge.target));
      }
    }
    this.overview.draw();
  }

  mark(): void {
    this.cards.forEach(drawn => this._markCard(drawn));
    this.lines.forEach(drawn => this._markLine(drawn));
    this.overview.draw();
  }

  private _markCard({ node, group }: ICard): void {
    const [id, selected] = [node.id, this.view.selected()];
    const { above, below } = this.view.neighbours();
    const near = id === selected || above.get(selected)?.includes(id) || below.get(selected)?.includes(id);
    group.classList.toggle('jm-selected', id === selected);
    group.classList.toggle('jm-near', near === true);
    group.classList.toggle('jm-faded', this.view.faded(id));
  }

  private _markLine({ edge, group }: ILine): void {
    const selected = this.view.selected();
    group.classList.toggle(
      'jm-near',
      selected !== '' && (edge.source === selected || edge.target === selected)
    );
    group.classList.toggle('jm-faded', this.view.faded(edge.source) || this.view.faded(edge.target));
  }

  private readonly _scene = svg('g');
  private readonly _lines = svg('g', { class: 'jm-edges' });
  private readonly _cards = svg('g');
  private _ready: IBox | null = null;
  private _scale = 0;
}
