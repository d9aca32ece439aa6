/**
 * What is drawn: the picture that Python makes, coordinates included, and the changes that follow it.
 *
 * Nothing that arrives is trusted: a saved notebook may hold any JSON.
 */

import type { BlockState, OutputFlow } from '../contract';

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
  tags: string[];
  upstreams: string[];
  /** The upstream of whose items each gets a run of its own, or nothing. */
  mapped: string;
  tests: number;
  /** Execution count of the cell that defined the block. */
  cell: number | null;
  cellId: string | null;
  /** Of a card that stands for a closed group: the blocks in it. */
  members?: string[];
}

export interface IEdge {
  source: string;
  target: string;
  path: string;
  tip: [number, number];
  sideways: boolean;
  orderOnly: boolean;
}

/** What a block's output is, for the edges that carry it; what there is nothing of is empty. */
export type IFlow = Required<OutputFlow>;

/** What of a block's state is drawn. */
export interface IState extends Omit<BlockState, 'flow' | 'type' | 'items_done' | 'items_failed'> {
  /** When it started, on our own clock (`performance.now()`): a page that was reloaded goes on counting where it was. */
  since?: number;
  flow?: IFlow;
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

export interface IGroup {
  name: string;
  members: string[];
}

/** Blocks and edges, where they stand. */
export interface IDrawing {
  size: [number, number];
  nodes: INode[];
  edges: IEdge[];
}

export interface IPicture extends IDrawing {
  pipeline: string;
  /** Two pictures with one key have the same blocks, edges and places; empty where that is not said. */
  key: string;
  groups: IGroup[];
  /** The drawing with every group closed; the cards of groups have ids of their own. */
  closed: IDrawing | null;
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
  action: 'open' | 'run' | 'run-block' | 'cancel' | 'interrupt' | 'show' | 'open-file' | 'edit' | 'copy';
  block?: string;
  /** Of `run`: which blocks, as one types it (`+clean`); all where there is none. Of `copy`: what to copy. */
  selection?: string;
  /** Of `edit`: what to do; where it does not say `to` what, a person is asked. */
  edit?: IEdit;
  /** Of `edit`: only say what it would come to. */
  dry?: boolean;
  /** Of `edit`: is told what it came to. */
  told?: (told: ITold) => void;
  /** Of `show`: the panel's tab, and what to show in it. */
  view?: string;
  /** Of `open-file`: its path from the server's root. */
  file?: string;
  subject?: ISubject;
}

/** An edit of the graph: of the text of the cells, that is. */
export interface IEdit {
  do: 'connect' | 'disconnect' | 'rename' | 'delete' | 'add' | 'kind' | 'language' | 'make';
  /** The block that is edited; of `add`, the one that the new block comes after. */
  block?: string;
  /** The new name, kind or language; of `connect` and `disconnect` the upstream; of `make` the cell's id. */
  to?: string;
}

/** What came of an edit: the command that a person would type for it, or why it cannot be. */
export interface ITold {
  command: string;
  notes: string[];
  error?: string;
  hint?: string;
  /** Takes it back, all of it. */
  undo?: () => void;
}

/** What a view is asked to show first: a block, a run, an edge. */
export interface ISubject {
  project?: string;
  /** A pipeline on disk, in the project; `file` is its notebook's name, where several have it. */
  pipeline?: string;
  file?: string;
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

/** A coordinate: larger ones are no drawing's, and steps of one tile would lead nowhere among them. */
function place(value: unknown, otherwise = 0): number {
  return Math.max(-FAR, Math.min(FAR, number(value, otherwise)));
}

/** A length of a card or of the drawing. */
function extent(value: unknown, otherwise: number, most = FAR): number {
  return Math.max(1, Math.min(most, number(value, otherwise)));
}

/** Units that a drawing reaches at most: 5,000 blocks in one row need a tenth of it. */
const FAR = 1e7;

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
    x: place(node.x),
    y: place(node.y),
    width: extent(node.width, 184, 2000),
    height: extent(node.height, 74, 2000),
    doc: text(node.doc),
    tags: list(node.tags)
      .slice(0, 50)
      .map(tag => text(tag, 80)),
    upstreams: list(node.upstreams).map(name => text(name, 200)),
    mapped: text(node.mapped, 200),
    tests: number(node.tests),
    cell: optional(node.cell) ?? null,
    cellId: text(node.cell_id, 200) || null,
    members: Array.isArray(node.members) ? node.members.map(name => text(name, 200)) : undefined
  };
}

function readEdge(value: unknown): IEdge {
  const edge = fields(value);
  const tip = list(edge.tip);
  const path = text(edge.path, 20000);
  return {
    source: text(edge.source, 200),
    target: text(edge.target, 200),
    path: /^[MLC0-9 .-]*$/.test(path) && !/\d{8}/.test(path) ? path : '',
    tip: [place(tip[0]), place(tip[1])],
    sideways: edge.sideways === true,
    orderOnly: edge.order_only === true
  };
}

function readFlow(value: unknown): IFlow | undefined {
  const flow = fields(value);
  const alert = flow.alert === 'loss' || flow.alert === 'schema' ? flow.alert : '';
  const shape = text(flow.shape, 60);
  return shape
    ? {
        shape,
        size: text(flow.size, 20),
        change: text(flow.change, 200),
        alert,
        before: text(flow.before, 60)
      }
    : undefined;
}

/** `elapsed`: seconds that it had run when this was sent; from there it is counted on here, whatever our clock shows. */
function readState(value: unknown, elapsed: unknown): IState {
  const state = fields(value);
  const ago = optional(elapsed);
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
    sampled: state.sampled === true || undefined,
    since: ago === undefined ? undefined : performance.now() - 1000 * ago,
    flow: readFlow(state.flow),
    passed: optional(state.passed),
    attempt: optional(state.attempt)
  };
}

function readStates(message: Fields): [string, IState][] {
  const elapsed = fields(message.elapsed);
  return Object.entries(fields(message.states)).map(([id, state]) => [id, readState(state, elapsed[id])]);
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

function readDrawing(value: unknown): IDrawing {
  const drawing = fields(value);
  const size = list(drawing.size);
  return {
    size: [extent(size[0], 1), extent(size[1], 1)],
    nodes: list(drawing.nodes).map(readNode),
    edges: list(drawing.edges).map(readEdge)
  };
}

function readGroup(value: unknown): IGroup {
  const group = fields(value);
  return { name: text(group.name, 80), members: list(group.members).map(name => text(name, 200)) };
}

/** The picture that this JSON holds, or null where it holds none. */
export function readPicture(value: unknown): IPicture | null {
  const picture = fields(value);
  if (!Array.isArray(picture.nodes)) {
    return null;
  }
  return {
    pipeline: text(picture.pipeline, 200),
    key: text(picture.key, 80),
    ...readDrawing(picture),
    groups: list(picture.groups).map(readGroup),
    closed:
      typeof picture.closed === 'object' && picture.closed !== null ? readDrawing(picture.closed) : null,
    states: new Map(readStates(picture)),
    run: readRun(picture.run)
  };
}

/** Keeps a picture, takes pictures and changes, and tells who listens. */
export class Store {
  picture: IPicture | null = null;

  /** Take a whole picture or changes. False where it was neither, or changes of nothing. */
  put(message: unknown): boolean {
    const delta = fields(message);
    if (this.picture?.key && delta.key === this.picture.key && delta.changes === undefined) {
      return this._same(delta);
    }
    const whole = readPicture(message);
    if (whole) {
      this.picture = whole;
      this.tell(null);
      return true;
    }
    if (!this.picture || delta.changes === undefined) {
      return false;
    }
    const states = readStates(delta);
    for (const [id, state] of states) {
      this.picture.states.set(id, state);
    }
    if ('run' in delta) {
      this.picture.run = readRun(delta.run);
    }
    this.tell(states.map(([id]) => id));
    return true;
  }

  /** The same graph once more: only its states are read, so that what is on the screen stays as it is. */
  private _same(message: Fields): boolean {
    if (!this.picture) {
      return false;
    }
    this.picture.states = new Map(readStates(message));
    this.picture.run = readRun(message.run);
    this.tell(this.picture.nodes.map(node => node.id));
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
