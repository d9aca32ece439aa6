/** Pictures for tests, as Python sends them, and a source that shows them. */

import { type IRequest, type ISource, Store } from './model';

export function sample(): Record<string, unknown> {
  const node = (id: string, x: number, y: number, more: object = {}) => ({
    id,
    label: id,
    title: id,
    kind: 'transformer',
    kind_label: 'transformer',
    colour: '#7d55ec',
    language: 'python',
    chip: 'PY',
    x,
    y,
    width: 192,
    height: 74,
    doc: '',
    upstreams: [],
    after: [],
    tests: 0,
    cell: null,
    cell_id: null,
    ...more
  });
  const edge = (source: string, target: string) => ({
    source,
    target,
    path: 'M0 0L0 10',
    tip: [0, 10],
    sideways: false,
    order_only: false
  });
  return {
    version: 1,
    pipeline: 'flights',
    size: [440, 330],
    nodes: [node('raw', 16, 16), node('users', 232, 16), node('clean', 124, 134, { doc: 'Only good rows.' })],
    edges: [edge('raw', 'clean'), edge('users', 'clean')],
    states: {
      raw: { status: 'succeeded', detail: '10 × 2 · 0.31 s' },
      users: { status: 'running', detail: 'running' },
      clean: { status: 'queued', detail: 'waiting' }
    },
    run: { id: 'r1', status: 'running', done: 1, total: 3, seconds: null }
  };
}

/** A source that a test puts pictures into, and that remembers what was asked of it. */
export class Fake implements ISource {
  readonly store = new Store();
  readonly requests: IRequest[] = [];
  picture = () => this.store.picture;
  live = () => true;
  listen = (listener: Parameters<Store['listen']>[0]) => this.store.listen(listener);
  request = (request: IRequest) => void this.requests.push(request);
}
