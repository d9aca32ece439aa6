/**
 * Editing on the drawing: an edge is pulled from a port, a menu opens on blocks, edges and the ground, keys rename and delete.
 *
 * Nothing is changed here. Each edit is a request; who has the cells changes their text, and the drawing follows that.
 */

import { edgeEntries, groundEntries, type IPlace, nodeEntries, refusal } from './actions';
import { svg } from './dom';
import { EditBar, type MakeFoot } from './editbar';
import type { IGraph, IViewOptions, Side, Stop } from './graph';
import { type Entry, type IFoot, openMenu } from './menu';
import type { IEdge, IEdit, INode, IPicture } from './model';
import { ask } from './request';
import { words } from './words';

/** Milliseconds after which a finger that rests opens the menu, and pixels that it may move meanwhile. */
const REST = 500;
const STILL = 10;

/** What a graph that can be edited is mounted with. */
export function editing(
  foot: MakeFoot | null = null
): Required<Pick<IViewOptions, 'onContext' | 'onPort'>> & { with: NonNullable<IViewOptions['with']> } {
  let editor: Editor | null = null;
  return {
    onContext: (node, event, edge) => editor?.menu(node, edge, event),
    onPort: (node, side, event) => editor?.pull(node, side, event),
    with: [
      graph => {
        const made = (editor = new Editor(graph, foot));
        return () => made.dispose();
      }
    ]
  };
}

/** The blocks that this one may be connected with: none that it has, none that would close a circle. */
export function partners(picture: IPicture, block: string, side: Side): Set<string> {
  const next = new Map<string, string[]>();
  const direct = new Set<string>();
  for (const { source, target, orderOnly } of picture.edges) {
    const [from, to] = side === 'out' ? [target, source] : [source, target]; // against the way that it is pulled
    next.set(from, [...(next.get(from) ?? []), to]);
    if (!orderOnly && (side === 'out' ? source : target) === block) {
      direct.add(side === 'out' ? target : source);
    }
  }
  const closes = new Set([block]);
  const waiting = [block];
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    for (const other of next.get(each) ?? []) {
      if (!closes.has(other)) {
        closes.add(other);
        waiting.push(other);
      }
    }
  }
  const blocks = picture.nodes.filter(node => !node.members).map(node => node.id);
  return new Set(blocks.filter(id => !closes.has(id) && !direct.has(id)));
}

class Editor {
  constructor(
    private readonly graph: IGraph,
    makeFoot: MakeFoot | null
  ) {
    this._foot = makeFoot?.();
    this._bar = new EditBar(
      makeFoot,
      text => graph.say(text),
      () => this._end()
    );
    const { signal } = this._stop;
    this._place = {
      source: graph.source,
      request: request => ask(graph.root, graph.source, request),
      told: told => this._bar.tell(told),
      connect: node => this._choose(node),
      fit: () => graph.camera.fit(...(graph.picture()?.size ?? [1, 1]), true)
    };
    graph.overlay.append(this._line);
    graph.root.after(this._bar.root);
    graph.stage.addEventListener('pointerdown', event => this._rest(event), { signal });
    graph.stage.addEventListener('click', event => this._picked(event), { signal, capture: true });
    this._stops = [
      graph.onKey(event => this._key(event)),
      graph.on('drawn', () => this._end()),
      () => this._stop.abort()
    ];
  }

  dispose(): void {
    this._end();
    this._close?.();
    this._stops.forEach(stop => stop());
    this._line.remove();
    this._bar.root.remove();
  }

  // ---- the menu

  menu(node: INode | null, edge: IEdge | null, event: MouseEvent | KeyboardEvent): void {
    event.stopPropagation(); // a notebook has a menu for its cells, which an output is in
    const [x, y] = event instanceof MouseEvent ? [event.clientX, event.clientY] : this._beside(node, edge);
    this._open(node, edge, x, y);
  }

  private _open(node: INode | null, edge: IEdge | null, x: number, y: number): void {
    clearTimeout(this._resting);
    this._end();
    if (node) {
      this.graph.select(node.id);
      this.graph.go(node.id);
    }
    const entries: Entry[] = node
      ? nodeEntries(this._place, node)
      : edge
        ? edgeEntries(this._place, edge)
        : groundEntries(this._place, this.graph.picture());
    const label = node?.label ?? (edge ? `${edge.source} → ${edge.target}` : words('Pipeline'));
    this._close = openMenu({ label, entries, x, y, foot: this._foot });
  }

  /** Where a menu stands that a key has opened. */
  private _beside(node: INode | null, edge: IEdge | null): [number, number] {
    const lines = [...this.graph.stage.querySelectorAll<SVGElement>('.jm-edge')];
    const element = node
      ? this.graph.element(node.id)
      : edge
        ? lines.find(each => each.dataset.source === edge.source && each.dataset.target === edge.target)
        : null;
    const box = (element ?? this.graph.stage).getBoundingClientRect();
    return element ? [box.left + box.width / 2, box.top + box.height / 2] : [box.left + 20, box.top + 20];
  }

  /** A finger that rests on a spot opens its menu: not every browser says so itself. */
  private _rest(event: PointerEvent): void {
    clearTimeout(this._resting);
    if (event.pointerType !== 'touch') {
      return;
    }
    const [x, y] = [event.clientX, event.clientY];
    const over = new AbortController();
    const on = { signal: over.signal };
    const end = () => {
      clearTimeout(this._resting);
      over.abort();
    };
    window.addEventListener(
      'pointermove',
      moved => Math.hypot(moved.clientX - x, moved.clientY - y) > STILL && end(),
      on
    );
    window.addEventListener('pointerup', end, on);
    window.addEventListener('pointercancel', end, on);
    this._resting = window.setTimeout(() => {
      end();
      const node = this.graph.nodeAt(x, y);
      this._open(node, node ? null : this.graph.edgeAt(x, y), x, y);
    }, REST);
  }

  // ---- an edge

  /** A port was pressed: a line follows the pointer, and ends on the block where it is let go. */
  pull(node: INode, side: Side, event: PointerEvent): void {
    if (!this._may(node, side)) {
      return;
    }
    const moving = new AbortController();
    const on = { signal: moving.signal };
    this._ends.push(() => moving.abort());
    const from: [number, number] = [node.x + node.width / 2, node.y + (side === 'out' ? node.height : 0)];
    const move = (x: number, y: number) => {
      const to = this.graph.pointAt(x, y);
      this._line.setAttribute('d', side === 'out' ? curve(from, to) : curve(to, from));
      this._aim(this.graph.nodeAt(x, y)?.id ?? '');
    };
    move(event.clientX, event.clientY);
    window.addEventListener('pointermove', each => move(each.clientX, each.clientY), on);
    window.addEventListener('pointercancel', () => this._end(), on);
    window.addEventListener(
      'pointerup',
      each => {
        const other = this.graph.nodeAt(each.clientX, each.clientY)?.id ?? '';
        this._finish(other);
      },
      on
    );
    window.addEventListener('keydown', each => each.key === 'Escape' && this._end(), {
      ...on,
      capture: true
    });
  }

  /** By keyboard, or with one finger: the block is chosen as every block is, and Enter or a tap connects. */
  private _choose(node: INode): void {
    if (this._may(node, 'out')) {
      this.graph.root.classList.add('jm-choosing');
      this._ends.push(() => this.graph.root.classList.remove('jm-choosing'));
      this._hint = true;
      this._bar.say(
        words('Connect {name} to: go to a block and press Enter. Esc ends it.', { name: node.label })
      );
      this.graph.go(node.id);
    }
  }

  private _may(node: INode, side: Side): boolean {
    this._end();
    const picture = this.graph.picture();
    const refused = refusal(this.graph.source);
    if (!picture || refused) {
      this._bar.tell({ command: '', notes: [], error: refused });
      return false;
    }
    this._from = node;
    this._side = side;
    this._allowed = partners(picture, node.id, side);
    this.graph.select('');
    this.graph.fade('connect', new Set([node.id, ...this._allowed]));
    return true;
  }

  private _aim(id: string): void {
    if (id !== this._aimed) {
      this.graph.element(this._aimed)?.classList.remove('jm-target');
      this._aimed = this._allowed.has(id) ? id : '';
      this.graph.element(this._aimed)?.classList.add('jm-target');
    }
  }

  private _finish(other: string): void {
    const [from, side] = [this._from, this._side];
    this._end();
    if (from && other && other !== from.id) {
      const [up, down] = side === 'out' ? [from.id, other] : [other, from.id];
      this._edit({ do: 'connect', block: down, to: up });
    }
  }

  /** While a block is chosen, a tap on one is the choice. */
  private _picked(event: MouseEvent): void {
    if (this._from && this.graph.root.classList.contains('jm-choosing')) {
      event.stopPropagation();
      this._finish(this.graph.nodeAt(event.clientX, event.clientY)?.id ?? '');
    }
  }

  private _end(): void {
    this._aim('');
    this._ends.splice(0).forEach(end => end());
    this._line.setAttribute('d', '');
    if (this._from) {
      this._from = null;
      this.graph.fade('connect', null);
      if (this._hint) {
        this._hint = false;
        this._bar.hide();
      }
    }
  }

  // ---- keys

  private _key(event: KeyboardEvent): boolean {
    if ((event.target as Element).closest('input, .jm-bubble')) {
      return false;
    }
    const undo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z';
    if (undo && this._bar.canUndo) {
      this._bar.undo();
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return false;
    }
    const node = this.graph.current();
    const chosen = this._from !== null;
    if (chosen && (event.key === 'Enter' || event.key === ' ')) {
      this._finish(node?.id ?? '');
      return true;
    }
    if (event.key === 'Escape' && (chosen || this._bar.shown)) {
      this._end();
      this._bar.hide();
      return true;
    }
    const line = document.activeElement?.closest<SVGElement>('.jm-edge');
    if (line) {
      const { source = '', target = '' } = line.dataset;
      return event.key === 'Delete' && this._edit({ do: 'disconnect', block: target, to: source });
    }
    return node !== null && !node.members && this._press(event.key, node);
  }

  private _press(key: string, node: INode): boolean {
    switch (key) {
      case 'F2':
        return this._edit({ do: 'rename', block: node.id });
      case 'Delete':
        return this._edit({ do: 'delete', block: node.id });
      case 'a':
        return this._edit({ do: 'add', block: node.id });
      case 'c':
        this._choose(node);
        return true;
      default:
        return false;
    }
  }

  private _edit(edit: IEdit): true {
    const refused = refusal(this.graph.source);
    if (refused) {
      this._bar.tell({ command: '', notes: [], error: refused });
    } else {
      this._place.request({ action: 'edit', edit, told: told => this._bar.tell(told) });
    }
    return true;
  }

  private readonly _place: IPlace;
  private readonly _foot: IFoot | undefined;
  private readonly _bar: EditBar;
  private readonly _line = svg('path', { class: 'jm-pulled' });
  private readonly _stop = new AbortController();
  private readonly _ends: Stop[] = [];
  private readonly _stops: Stop[];
  private _from: INode | null = null;
  private _side: Side = 'out';
  private _allowed: ReadonlySet<string> = new Set();
  private _aimed = '';
  private _resting = 0;
  private _hint = false;
  private _close: (() => void) | undefined;
}

/** From above down to below, as the other edges go. */
function curve([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number]): string {
  const bend = Math.max(24, Math.abs(y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}
