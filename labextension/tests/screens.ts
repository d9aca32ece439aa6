/** Every JSON that a screen reads, one a line: an example with all its fields, and what draws it. */

import { mountHeader } from '../src/dag/header';
import { mountList } from '../src/dag/list';
import type { ISource } from '../src/dag/model';
import { Fake } from '../src/dag/sample';
import { mount } from '../src/dag/view';
import type { IView } from '../src/views/view';
import { data } from '../src/views/data';
import { plan } from '../src/views/plan';
import { variables } from '../src/views/variables';
import { Place } from '../src/views/history';
import { KernelSource, PUSH } from '../src/sources/kernel';
import { HISTORY } from './history_screens';

export interface IScreen {
  name: string;
  sample: unknown;
  /** How deep its own part of the JSON is; what is deeper is another screen's. */
  deep?: number;
  /** Whether it asks for its JSON, which then comes later. */
  asks?: boolean;
  /** What stands there for the sample. */
  shows: RegExp;
  mount(host: HTMLElement, json: unknown): () => void;
}

const node = (id: string, more: object = {}) => ({
  id,
  label: `${id} label`,
  title: `${id} title`,
  kind: 'transformer',
  kind_label: 'transformer kind',
  colour: '#7d55ec',
  language: 'python',
  chip: 'PY',
  x: 16,
  y: 16,
  width: 184,
  height: 74,
  doc: 'What it is for.',
  upstreams: ['raw'],
  after: ['raw'],
  tests: 2,
  mapped: 'raw',
  cell: 3,
  cell_id: 'c3',
  ...more
});

export const PICTURE = {
  version: 1,
  pipeline: 'flights',
  size: [440, 330],
  nodes: [node('raw'), node('clean', { x: 124, y: 134 })],
  edges: [
    { source: 'raw', target: 'clean', path: 'M0 0L0 10', tip: [0, 10], sideways: false, order_only: false }
  ],
  states: {
    raw: {
      status: 'succeeded',
      detail: '10 × 2 · 0.31 s',
      type: 'pandas.DataFrame',
      rows: 10,
      columns: 2,
      seconds: 0.31,
      items: 3,
      items_done: 2,
      items_failed: 1,
      memory: '312 MB',
      sampled: true
    },
    clean: {
      status: 'failed',
      detail: 'KeyError: id',
      error: 'KeyError: id is wrong',
      line: 4,
      test: 'late',
      reason: 'because of id',
      attempt: 2
    }
  },
  run: { id: 'r1', status: 'running', done: 1, total: 3, seconds: 1.5, sample: 10 }
};

const CHANGES = { changes: 1, states: PICTURE.states, run: PICTURE.run };

const drawings = (host: HTMLElement, source: ISource) => {
  const stops = [
    mountHeader(host, source, { interrupt: true }),
    mount(host, source, { most: () => 400 }),
    mountList(host, source)
  ];
  return () => stops.forEach(stop => stop());
};

const picture: IScreen = {
  name: 'picture',
  sample: PICTURE,
  shows: /flights.*clean title.*raw label/s,
  mount(host, json) {
    const source = new Fake();
    source.store.put(json);
    return drawings(host, source);
  }
};

const changes: IScreen = {
  name: 'changes of a picture',
  sample: CHANGES,
  shows: /KeyError: id is wrong/,
  mount(host, json) {
    const source = new Fake();
    source.store.put(PICTURE);
    const stop = drawings(host, source);
    source.store.put(json);
    return stop;
  }
};

type Slot = (sender: unknown, value: unknown) => void;

/** A kernel that says anything: pushes it, and answers it to what it is asked. */
function kernel(content: unknown): { source: KernelSource; say: () => void } {
  const slots: Slot[] = [];
  const signal = {
    connect: (slot: Slot, self: unknown) => slots.push(slot.bind(self)),
    disconnect: () => true
  };
  const said = { header: { msg_type: 'comm_msg' }, content };
  const comm = {
    isDisposed: false,
    onMsg: (message: unknown) => void message,
    open() {},
    send() {},
    close() {},
    dispose() {}
  };
  const made = {
    iopubMessage: signal,
    statusChanged: { connect: () => true, disconnect: () => true },
    supportsSubshells: true,
    info: Promise.resolve(content),
    createComm: () => comm,
    requestExecute: () => ({ done: Promise.resolve({ content }) })
  };
  const source = new KernelSource(made as never);
  return {
    source,
    say: () => {
      slots.forEach(slot => slot(made, { ...said, content: { comm_id: PUSH, data: { type: 'loaded' } } }));
      slots.forEach(slot => slot(made, said));
      comm.onMsg(said);
    }
  };
}

const pushed: IScreen = {
  name: 'message of a kernel',
  sample: { comm_id: PUSH, data: { type: 'show', picture: PICTURE } },
  deep: 2,
  shows: /clean title/,
  mount(host, json) {
    const { source, say } = kernel(json);
    say();
    const stop = drawings(host, source);
    return () => {
      stop();
      source.dispose();
    };
  }
};

/** A view that gets the same answer to whatever it asks. */
function view(
  of: IView,
  name: string,
  sample: unknown,
  shows: RegExp,
  subject = { block: 'raw' },
  part = ''
): IScreen {
  return {
    name,
    sample,
    shows,
    asks: true,
    mount(host, json) {
      const source = new Fake();
      source.store.put(PICTURE);
      const answer = async () => json;
      const execute = async () => ({ text: '', images: [] });
      const show = () => undefined;
      const mounted = of.mount(host, {
        source,
        show,
        history: null,
        place: new Place(),
        data: { ask: answer, execute, waits: () => '' }
      } as never);
      mounted.seen?.(true);
      mounted.open?.(subject);
      const turn = [...host.querySelectorAll('button')].find(each => each.textContent === part);
      turn?.click();
      return () => mounted.unmount();
    }
  };
}

const ORIGIN = {
  block: 'raw',
  run: 'r1',
  status: 'succeeded',
  at: 1.7e9,
  seconds: 0.3,
  sampled: true,
  sample: 10,
  stale: true
};
const COLUMN = { name: 'id', type: 'int64', numeric: true, index: false };

const TABLE = {
  sort: 'table',
  type: 'pandas.DataFrame',
  bytes: 120,
  rows: 2,
  start: 0,
  columns: [COLUMN, { ...COLUMN, name: 'who' }],
  columns_left: 3,
  cells: [
    ['1', 'ann of the table'],
    ['2', null]
  ],
  text: '',
  note: 'A note about it.',
  command: '%pipeline show raw'
};
const TREE = { ...TABLE, sort: 'value', type: 'dict', text: '{"a tree": [1, {"b": null}]}' };
const PNG = { mime: 'image/svg+xml', data: 'PHN2Zy8+' };

const PROFILE = {
  type: 'pandas.DataFrame',
  rows: 20,
  counted: 10,
  columns: [
    {
      name: 'id of it',
      type: 'int64',
      sort: 'number',
      nulls: 1,
      distinct: 9,
      minimum: '1',
      maximum: '9',
      mean: '5',
      bars: [{ low: '1', high: '5', count: 4 }],
      often: [{ value: 'three', count: 3 }],
      note: 'of some'
    }
  ],
  columns_left: 0,
  note: 'about all'
};

const VERSION = { run: 'r1', at: 1.7e9, type: 'pandas.DataFrame', rows: 10, columns: 2, bytes: 100 };
const EDGE = {
  source: 'raw',
  target: 'clean',
  order_only: true,
  now: VERSION,
  before: { ...VERSION, run: 'r0' },
  since: 'since then',
  change: {
    same: false,
    alert: 'loss',
    rows: -4,
    percent: -20,
    was_type: 'list',
    columns: [{ name: 'gone_column', type: 'int64', was: 'str', change: 'removed' }],
    columns_left: 1
  },
  taken: true,
  note: 'noted'
};

const PLAN = {
  pipeline: 'flights',
  selection: '+clean',
  command: '%pipeline run +clean',
  steps: [
    { block: 'raw', action: 'run', why: ['its code changed'], diff: '-1\n+2', seconds: 2, output: '3 rows' },
    { block: 'clean', action: 'cached', why: [], diff: '', seconds: null, output: '3 rows' }
  ],
  steps_left: 2,
  said: 'Two of them run.',
  seconds: 2,
  unknown: 1,
  tags: ['daily']
};

const VARIABLES = {
  pipeline: 'flights',
  variables: [
    {
      name: 'min_minutes',
      type: 'int',
      control: 'int',
      optional: true,
      choices: ['1', '2'],
      value: '15',
      default: '10',
      source: 'pipeline',
      blocks: ['raw']
    },
    ...['bool', 'date', 'datetime', 'choice', 'json', 'str'].map(control => ({
      name: `a_${control}`,
      type: control,
      control,
      optional: true,
      choices: ['x'],
      value: 'x',
      default: null,
      source: '',
      blocks: ['clean']
    }))
  ]
};

const VIEWS: IScreen[] = [
  view(data, 'data: a table', { origin: ORIGIN, preview: TABLE, image: null, first: 0 }, /ann of the table/),
  view(data, 'data: a tree', { origin: ORIGIN, preview: TREE, image: null, first: 0 }, /a tree/),
  view(data, 'data: an image', { origin: ORIGIN, preview: TABLE, image: PNG, first: 0 }, /succeeded|raw/),
  view(
    data,
    'data: columns',
    { origin: ORIGIN, profile: PROFILE, first: 0 },
    /id of it/,
    { block: 'raw' },
    'Columns'
  ),
  view(data, 'data: an edge', EDGE, /gone_column/, { block: 'raw', target: 'clean' } as never),
  view(plan, 'plan', PLAN, /its code changed/),
  view(variables, 'variables', VARIABLES, /min_minutes/)
];

export const SCREENS: readonly IScreen[] = [picture, changes, pushed, ...VIEWS, ...HISTORY];
