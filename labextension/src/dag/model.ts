/**
 * What is drawn: the picture that Python makes, coordinates included, and the changes that follow it.
 *
 * Nothing that arrives is trusted: a saved notebook may hold any JSON.
 */

export interface INode {
  id: string;
  label: string;
  /** The label, cut so that it fits its card. */
  title: string;
  kind: string;
  kindLabel: string;
  colour: string;
  language: string;
  chip: string;
  x: number;
  y: number;
  width: number;
  height: number;
  doc: string;
  upstreams: string[];
  /** The upstream of whose items each gets a run of its own, or nothing. */
  mapped: string;
  tests: number;
  /** Execution count of the cell that defined the block. */
  cell: number | null;
  cellId: string | null;
}

export interface IEdge {
  source: string;
  target: string;
  path: string;
  tip: [number, number];
  sideways: boolean;
  orderOnly: boolean;
}

export interface IState {
  status: string;
  detail: string;
  error?: string;
  line?: number;
  test?: string;
  reason?: string;
  rows?: number;
  columns?: number;
  seconds?: number;
  /** Of a mapped block: how many runs it has, one an item of its upstream. */
  items?: number;
  /** Bytes that its process had at most, in words. */
  memory?: string;
  /** Whether it was made of a sample, not of all the data. */
  sampled?: boolean;
}

export interface IRun {
  id: string;
  status: string;
  done: number;
  total: number;
  seconds: number | null;
  /** Rows or items that loaders were cut to, or null for all. */
  sample: number | null;
}

export interface IPicture {
  pipeline: string;
  size: [number, number];
  nodes: INode[];
  edges: IEdge[];
  states: Map<string, IState>;
  run: IRun | null;
}

/** `null`: everything may be new. A list: only these blocks' states, and the run. */
export type Changed = string[] | null;

/** Where a screen's data comes from. */
export interface ISource {
  picture(): IPicture | null;
  /** Whether what is shown is kept up to date (false: it is a saved or lost state). */
  live(): boolean;
  listen(listener: (changed: Changed) => void): () => void;
  /** Called when nobody on the page took a request (`run`, `cancel`, `open`). */
  request(request: IRequest): void;
}

export interface IRequest {
  action: 'open' | 'run' | 'run-block' | 'cancel' | 'interrupt' | 'show';
  block?: string;
  /** Of `show`: the panel's tab, and what to show in it. */
  view?: string;
  subject?: ISubject;
}

/** What a view is asked to show first: a block, a run, an edge. */
export interface ISubject {
  project?: string;
  run?: string;
  /** A run to compare with. */
  other?: string;
  block?: string;
  /** Of an edge, the block that it goes to; `block` is the one that it comes from. */
  target?: string;
}

/** Every finished or resting state; the others are on the move. */
export const MOVING: ReadonlySet<string> = new Set(['running', 'retrying', 'queued']);

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown, limit = 2000): string {
  return typeof value === 'string' ? value.slice(0, limit) : typeof value === 'number' ? String(value) : '';
}

function number(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function optional(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function readNode(value: unknown): INode {
  const node = fields(value);
  const colour = text(node.colour, 9);
  return {
    id: text(node.id, 200),
    label: text(node.label, 400),
    title: text(node.title, 80),
    kind: text(node.kind, 80),
    kindLabel: text(node.kind_label, 80),
    colour: /^#[0-9a-fA-F]{3,8}$/.test(colour) ? colour : '#7f8894',
    language: text(node.language, 40),
    chip: text(node.chip, 8),
    x: number(node.x),
    y: number(node.y),
    width: number(node.width, 184),
    height: number(node.height, 74),
    doc: text(node.doc),
    upstreams: list(node.upstreams).map(name => text(name, 200)),
    mapped: text(node.mapped, 200),
    tests: number(node.tests),
    cell: optional(node.cell) ?? null,
    cellId: text(node.cell_id, 200) || null
  };
}

function readEdge(value: unknown): IEdge {
  const edge = fields(value);
  const tip = list(edge.tip);
  const path = text(edge.path, 20000);
  return {
    source: text(edge.source, 200),
    target: text(edge.target, 200),
    path: /^[MLC0-9 .-]*$/.test(path) ? path : '',
    tip: [number(tip[0]), number(tip[1])],
    sideways: edge.sideways === true,
    orderOnly: edge.order_only === true
  };
}

function readState(value: unknown): IState {
  const state = fields(value);
  return {
    status: text(state.status, 40) || 'new',
    detail: text(state.detail, 120),
    error: text(state.error) || undefined,
    line: optional(state.line),
    test: text(state.test, 200) || undefined,
    reason: text(state.reason) || undefined,
    rows: optional(state.rows),
    columns: optional(state.columns),
    seconds: optional(state.seconds),
    items: optional(state.items),
    memory: text(state.memory, 20) || undefined,
    sampled: state.sampled === true || undefined
  };
}

function readRun(value: unknown): IRun | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const run = fields(value);
  return {
    id: text(run.id, 200),
    status: text(run.status, 40),
    done: number(run.done),
    total: number(run.total),
    seconds: optional(run.seconds) ?? null,
    sample: optional(run.sample) ?? null
  };
}

/** The picture that this JSON holds, or null where it holds none. */
export function readPicture(value: unknown): IPicture | null {
  const picture = fields(value);
  if (!Array.isArray(picture.nodes)) {
    return null;
  }
  const size = list(picture.size);
  return {
    pipeline: text(picture.pipeline, 200),
    size: [number(size[0], 1), number(size[1], 1)],
    nodes: picture.nodes.map(readNode),
    edges: list(picture.edges).map(readEdge),
    states: new Map(Object.entries(fields(picture.states)).map(([id, state]) => [id, readState(state)])),
    run: readRun(picture.run)
  };
}

/** Keeps a picture, takes pictures and changes, and tells who listens. */
export class Store {
  picture: IPicture | null = null;

  /** Take a whole picture or changes. False where it was neither, or changes of nothing. */
  put(message: unknown): boolean {
    const whole = readPicture(message);
    if (whole) {
      this.picture = whole;
      this.tell(null);
      return true;
    }
    const delta = fields(message);
    if (!this.picture || delta.changes === undefined) {
      return false;
    }
    const states = Object.entries(fields(delta.states));
    for (const [id, state] of states) {
      this.picture.states.set(id, readState(state));
    }
    if ('run' in delta) {
      this.picture.run = readRun(delta.run);
    }
    this.tell(states.map(([id]) => id));
    return true;
  }

  clear(): void {
    this.picture = null;
    this.tell(null);
  }

  tell(changed: Changed): void {
    for (const listener of [...this._listeners]) {
      listener(changed);
    }
  }

  listen(listener: (changed: Changed) => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  private _listeners = new Set<(changed: Changed) => void>();
}

/** Who stands next to whom: for keys and for highlighting. */
export class Neighbours {
  readonly above = new Map<string, string[]>();
  readonly below = new Map<string, string[]>();

  constructor(picture: IPicture) {
    for (const { source, target } of picture.edges) {
      push(this.above, target, source);
      push(this.below, source, target);
    }
  }

  /** The block that an arrow key leads to from `node`, or null. */
  step(picture: IPicture, node: INode, key: string): INode | null {
    const by = new Map(picture.nodes.map(other => [other.id, other]));
    const near = (names: string[]) => nearest(node, names.map(name => by.get(name)).filter(isNode));
    switch (key) {
      case 'ArrowDown':
        return near(this.below.get(node.id) ?? []);
      case 'ArrowUp':
        return near(this.above.get(node.id) ?? []);
      case 'ArrowLeft':
        return nearest(
          node,
          picture.nodes.filter(other => other.x < node.x && overlaps(node, other))
        );
      case 'ArrowRight':
        return nearest(
          node,
          picture.nodes.filter(other => other.x > node.x && overlaps(node, other))
        );
      case 'Home':
        return picture.nodes[0] ?? null;
      case 'End':
        return picture.nodes[picture.nodes.length - 1] ?? null;
      default:
        return null;
    }
  }
}

function isNode(node: INode | undefined): node is INode {
  return node !== undefined;
}

function overlaps(one: INode, other: INode): boolean {
  return Math.abs(one.y - other.y) < one.height;
}

function nearest(node: INode, others: INode[]): INode | null {
  let best: INode | null = null;
  let least = Infinity;
  for (const other of others) {
    const distance = Math.hypot(other.x - node.x, other.y - node.y);
    if (distance < least) {
      [best, least] = [other, distance];
    }
  }
  return best;
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key);
  if (values) {
    values.push(value);
  } else {
    map.set(key, [value]);
  }
}
