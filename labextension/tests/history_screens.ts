/** What is read from disk, as screens for the proof in hostile.test.ts. */

import type { Contract } from '../src/contract';
import { Fake } from '../src/dag/sample';
import { read } from '../src/read';
import { Place } from '../src/views/history';
import { data } from '../src/views/data';
import { logs } from '../src/views/logs';
import { plan } from '../src/views/plan';
import { projects } from '../src/views/projects';
import { runs } from '../src/views/runs';
import { variables } from '../src/views/variables';
import type { IView } from '../src/views/view';
import { EDGE, PLAN, SHOWN, VARIABLES } from './answers';
import type { IScreen } from './screens';

export const RUN = {
  id: 'run_1',
  pipeline: 'flights_late',
  status: 'failed',
  started: 1.7e9,
  seconds: 2.5,
  selection: '+clean',
  executor: 'processes',
  face: 'cli_face',
  user: 'ann',
  host: 'box',
  git: 'abcdef0123',
  blocks: 3,
  succeeded: 1,
  cached: 1,
  failed: 1
};

export const COMMANDS = {
  run: 'c run',
  resume: 'c resume',
  rerun: 'c rerun',
  cancel: 'c cancel',
  show: 'c show',
  logs: 'c logs',
  plan: 'c plan',
  vars: 'c vars'
};

export const LINE = {
  name: 'clean',
  label: 'clean it',
  kind: 'transformer',
  colour: '#7d55ec',
  status: 'failed',
  started: 1.7e9,
  ended: 1.7e9 + 1,
  seconds: 0.5,
  rows: 3,
  columns: 2,
  bytes: 1000,
  type: 'pandas.DataFrame',
  shape: '3 × 2',
  attempts: [
    { number: 1, status: 'failed', started: 1.7e9, ended: 1.7e9 + 1, seconds: 0.5, error: 'KeyError: first' },
    { number: 2, status: 'running', started: 1.7e9 + 2, ended: null, seconds: null, error: '' }
  ],
  error: 'KeyError: user',
  line: 3,
  reason: 'because',
  memory: 5e6,
  tests: 1,
  items: 2,
  item_of: 'clean',
  sampled: true
};

export const DETAIL = {
  run: RUN,
  whole: true,
  blocks: [LINE],
  items_left: 2,
  variables: { day: 'monday' },
  now: 1.7e9 + 3,
  sequence: 7,
  stamp: 's1',
  commands: COMMANDS
};

export const LOG = {
  lines: [{ id: '1.0', at: 1.7e9, block: 'clean', level: 'error', stream: 'stderr', text: 'a line of text' }],
  cursor: 9,
  more: false,
  live: [
    {
      block: 'clean',
      lines: [{ id: '', at: 0, block: 'clean', level: 'printed', stream: 'stdout', text: 'it says so now' }]
    }
  ],
  blocks: ['clean'],
  status: 'running',
  stamp: 's1'
};

export const DIFF = {
  before: RUN,
  after: RUN,
  blocks: [
    {
      name: 'clean',
      before: { status: 'succeeded', shape: '3 × 2', seconds: 1 },
      after: null,
      same: false,
      differs: ['rows +3'],
      reasons: ['code: 2 lines\n-1\n+2']
    }
  ],
  variables: ['day: mon → tue'],
  command: 'c diff'
};

export const PROJECTS = {
  projects: [
    {
      path: 'sales/eu',
      name: 'eu',
      mage: true,
      pipelines: [
        {
          name: 'orders_daily',
          file: 'sales/eu/orders.ipynb',
          notebook: true,
          type: 'python',
          blocks: 4,
          triggers: ['nightly (@daily)'],
          problem: 'it does not read',
          last: RUN,
          commands: COMMANDS
        }
      ],
      problem: 'its history does not read'
    }
  ],
  root: 'home',
  cut: true
};

const PAGE = { runs: [RUN], more: true, pipelines: ['flights_late'], stamp: 's0' };

/** A server that says this to every question of the name, and what is usual to all others. */
export function answering(given: Partial<Record<string, unknown>>) {
  const usual: Record<string, unknown> = {
    runs: PAGE,
    run: DETAIL,
    logs: LOG,
    diff: DIFF,
    projects: PROJECTS,
    pipelines: PROJECTS.projects[0],
    preview: SHOWN,
    plan: PLAN,
    variables: VARIABLES
  };
  const answer =
    <K extends keyof Contract>(name: string, shape: K) =>
    async () =>
      read(shape, name in given ? given[name] : usual[name]);
  return {
    projects: answer('projects', 'Projects'),
    runs: answer('runs', 'RunsPage'),
    run: answer('run', 'RunDetail'),
    picture: answer('picture', 'RunPicture'),
    logs: answer('logs', 'LogPage'),
    diff: answer('diff', 'RunDiff'),
    pipelines: answer('pipelines', 'ProjectLine'),
    preview: answer('preview', 'Shown'),
    profile: answer('profile', 'Profiled'),
    edge: answer('edge', 'EdgeFlow'),
    ask: async ({ what }: { what: string }) => (what in given ? given[what] : usual[what]),
    start: answer('start', 'Started'),
    rerun: answer('rerun', 'Started'),
    resume: answer('resume', 'Started'),
    cancel: answer('cancel', 'Started')
  };
}

function past(
  of: IView,
  name: string,
  route: string,
  sample: unknown,
  shows: RegExp,
  subject = {},
  part = ''
): IScreen {
  return {
    name: `${of.id}: ${name}`,
    sample,
    shows,
    asks: true,
    mount(host, json) {
      const place = new Place();
      const source = new Fake();
      source.live = () => false;
      const context = { history: answering({ [route]: json }), place, source, show: () => undefined };
      const mounted = of.mount(host, context as never);
      place.choose('sales');
      mounted.seen?.(true);
      mounted.open?.({ project: 'sales', ...subject });
      [...host.querySelectorAll('button')].find(each => each.textContent === part)?.click();
      return () => mounted.unmount();
    }
  };
}

const one = { run: 'run_1' };

export const HISTORY: readonly IScreen[] = [
  past(runs, 'a list', 'runs', PAGE, /flights_late/),
  past(runs, 'a timeline', 'run', DETAIL, /KeyError: user/, one, 'Timeline'),
  past(runs, 'a table', 'run', DETAIL, /because|KeyError: user/, one, 'Table'),
  past(runs, 'two compared', 'diff', DIFF, /rows \+3/, { run: 'run_1', other: 'run_2' }),
  past(logs, 'a log', 'logs', LOG, /a line of text.*it says so now/s, one),
  past(plan, 'a pipeline on disk', 'pipelines', PROJECTS.projects[0], /sales\/eu\/orders\.ipynb/),
  past(variables, 'on disk', 'variables', VARIABLES, /in the last run/),
  past(data, 'an edge of a run', 'edge', EDGE, /against/, { run: 'run_1', block: 'raw', target: 'clean' }),
  past(projects, 'what is there', 'projects', PROJECTS, /orders_daily/)
];
