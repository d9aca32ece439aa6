/** Every JSON that a screen reads, one a line: an example with all its fields, and what draws it. */

import { mountHeader } from '../src/dag/header';
import { mountList } from '../src/dag/list';
import { type IRequest, type ISource, Store } from '../src/dag/model';
import { mount } from '../src/dag/view';
import { KernelSource, PUSH } from '../src/sources/kernel';

export interface IScreen {
  name: string;
  sample: unknown;
  /** How deep its own part of the JSON is; what is deeper is another screen's. */
  deep?: number;
  /** What stands there for the sample. */
  shows: RegExp;
  mount(host: HTMLElement, json: unknown): () => void;
}

/** A source that holds what it is given. */
export class Held implements ISource {
  readonly store = new Store();
  readonly requests: IRequest[] = [];
  picture = () => this.store.picture;
  live = () => true;
  listen = (listener: Parameters<Store['listen']>[0]) => this.store.listen(listener);
  request = (request: IRequest) => void this.requests.push(request);
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
    const source = new Held();
    source.store.put(json);
    return drawings(host, source);
  }
};

const changes: IScreen = {
  name: 'changes of a picture',
  sample: CHANGES,
  shows: /KeyError: id is wrong/,
  mount(host, json) {
    const source = new Held();
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
    onMsg: (_: unknown) => undefined,
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

export const SCREENS: readonly IScreen[] = [picture, changes, pushed];
