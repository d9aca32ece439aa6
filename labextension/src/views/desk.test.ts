/** Views with no kernel: the server answers from what is on disk. */

import { afterEach, beforeEach, expect, test } from 'vitest';

import { PLAN, SHOWN, VARIABLES } from '../../tests/answers';
import { settled, type } from '../../tests/fake_data';
import { answering, COMMANDS, RUN } from '../../tests/history_screens';
import { Fake, sample } from '../dag/sample';
import { data } from './data';
import { FakeData } from '../../tests/fake_data';
import { Place, Refused } from './history';
import { plan } from './plan';
import { variables } from './variables';
import type { IMounted, IView } from './view';

const PIPELINES = {
  path: 'sales',
  pipelines: [
    { name: 'daily', file: 'sales/daily.ipynb', commands: { ...COMMANDS, run: 'jupyter mage run daily' } },
    { name: 'gone', file: '', commands: { ...COMMANDS, run: '' } },
    { name: 'weekly', file: 'sales/weekly.ipynb', commands: { ...COMMANDS, run: 'jupyter mage run weekly' } }
  ]
};

let host: HTMLElement;
let place: Place;
let source: Fake;
let made: IMounted;
let asked: [string, Record<string, unknown>][];
let shown: unknown[];
let runs: (page: unknown) => void;

beforeEach(() => {
  host = document.createElement('div');
  document.body.replaceChildren(host);
  [asked, shown, place, source] = [[], [], new Place(), new Fake()];
  source.live = () => false;
  place.notebook = 'sales/weekly.ipynb';
  place.choose('sales');
});
afterEach(() => made.unmount());

async function mount(view: IView, answers: Record<string, unknown>, subject = {}): Promise<void> {
  const usual = answering({ pipelines: PIPELINES, ...answers });
  const history = {
    ...usual,
    ask: async (given: { what: string }) => {
      asked.push(['ask', given]);
      if (answers[given.what] instanceof Error) {
        throw answers[given.what];
      }
      return usual.ask(given);
    },
    start: async (given: Record<string, unknown>) => {
      asked.push(['start', given]);
      return { run: 'run_9', command: '', pid: 7 };
    },
    runs: async ({ stamp }: { stamp?: string }) =>
      stamp === undefined ? { runs: [RUN], stamp: 's' } : new Promise(resolve => (runs = resolve))
  };
  const show = (name: string, where: unknown) => void shown.push([name, where]);
  made = view.mount(host, {
    history,
    place,
    source,
    data: new FakeData({ plan: () => ({ ...PLAN, command: 'of the kernel' }) }),
    show
  } as never);
  made.open?.(subject);
  made.seen?.(true);
  await settled();
}

const texts = (selector: string) => [...host.querySelectorAll(selector)].map(each => each.textContent);
const one = <T extends HTMLElement>(selector: string) => host.querySelector(selector) as T;
const press = (label: string) =>
  [...host.querySelectorAll('button')].find(each => each.textContent === label)?.click();
const WEEKLY = { project: 'sales', pipeline: 'weekly', file: 'weekly.ipynb' };

test('with no kernel the plan is that of the notebook in front, as it is on disk', async () => {
  await mount(plan, { plan: { ...PLAN, command: 'jupyter mage run weekly' } });
  expect(asked).toEqual([['ask', { ...WEEKLY, what: 'plan', given: { selection: '', force: false } }]]);
  expect(texts('.jm-desk span')).toEqual(['No kernel: as it is on disk, in sales/weekly.ipynb']);
  expect([...one<HTMLSelectElement>('.jm-desk select').options].map(each => each.textContent)).toEqual([
    'daily',
    'weekly'
  ]);
  expect(texts('.jm-command code')).toEqual(['jupyter mage run weekly']);
});

test('Run starts a process of its own, and shows it', async () => {
  await mount(plan, { plan: { ...PLAN, command: 'jupyter mage run weekly' } });
  type(one<HTMLInputElement>('input[role=combobox]'), '+clean');
  await new Promise(done => setTimeout(done, 300));
  press('Run');
  await settled();
  expect(asked.slice(1)).toEqual([
    ['ask', { ...WEEKLY, what: 'plan', given: { selection: '+clean', force: false } }],
    ['start', { ...WEEKLY, selection: '+clean', force: false }],
    ['ask', { ...WEEKLY, what: 'plan', given: { selection: '+clean', force: false } }]
  ]);
  expect(shown).toEqual([['runs', { project: 'sales', run: 'run_9' }]]);
});

test('when something ran, what is shown is asked for again', async () => {
  await mount(plan, { plan: PLAN });
  await new Promise(done => setTimeout(done, 150)); // the pause between two answers
  runs({ runs: [RUN], stamp: 't' });
  await settled();
  expect(asked.length).toBe(1);
  await new Promise(done => setTimeout(done, 150));
  runs({ runs: [{ ...RUN, id: 'run_2' }, RUN], stamp: 'u' });
  await settled();
  expect(asked.length).toBe(2);
});

test('a pipeline that was chosen is shown beside a kernel, which has the word again on request', async () => {
  source.live = () => true;
  source.store.put({ ...sample(), run: null });
  await mount(plan, { plan: PLAN }, { project: 'shop', pipeline: 'daily', file: 'daily.ipynb' });
  const chosen = { project: 'shop', pipeline: 'daily', file: 'daily.ipynb' };
  expect(asked.map(([, given]) => given.project)).toEqual(['shop']);
  expect(asked[0]?.[1]).toEqual({ ...chosen, what: 'plan', given: { selection: '', force: false } });
  press('Back to the notebook');
  await settled();
  expect([one('.jm-desk').hidden, texts('.jm-command code')]).toEqual([true, ['of the kernel']]);
});

test('another notebook that comes to the front is asked about', async () => {
  await mount(plan, { plan: PLAN });
  place.notebook = 'sales/daily.ipynb';
  source.store.tell(null);
  await settled();
  expect(asked.map(([, given]) => given.pipeline)).toEqual(['weekly', 'daily']);
});

test('a kernel that comes alive is asked instead', async () => {
  await mount(plan, { plan: PLAN });
  source.live = () => true;
  source.store.put({ ...sample(), run: null });
  await settled();
  await new Promise(done => setTimeout(done, 300));
  expect([one('.jm-desk').hidden, texts('.jm-command code')]).toEqual([true, ['of the kernel']]);
});

test('a notebook without blocks, and no project at all, say so', async () => {
  place.notebook = 'sales/new.ipynb';
  await mount(plan, { plan: PLAN });
  expect(texts('.jm-refusal')).toEqual(['No cell of sales/new.ipynb is a block yet.']);
  made.unmount();
  place = new Place();
  await mount(variables, {});
  expect(texts('.jm-refusal')).toEqual([
    'No pipeline is chosen: choose one in Projects, or open a notebook.'
  ]);
  press('Projects');
  expect(shown).toEqual([['projects', undefined]]);
});

test('what the server refuses stands there with the command that helps', async () => {
  await mount(plan, { plan: new Refused('a circle', 'jupyter mage check sales/weekly.ipynb') });
  expect([texts('.jm-refusal'), texts('.jm-said code')]).toEqual([
    ['a circle'],
    ['jupyter mage check sales/weekly.ipynb']
  ]);
});

const FORM = {
  ...VARIABLES,
  last_run: 'run_1',
  last_at: 1.7e9,
  variables: [
    {
      ...VARIABLES.variables[0],
      name: 'rows',
      control: 'int',
      type: 'int',
      value: '10',
      source: 'default',
      last: '30'
    },
    {
      ...VARIABLES.variables[0],
      name: 'who',
      control: 'str',
      type: 'str',
      value: 'ann',
      source: 'default',
      last: null
    }
  ]
};

test('the form starts a run with what differs; nothing is set', async () => {
  await mount(variables, {
    variables: FORM,
    fit: { value: '12', command: 'jupyter mage vars weekly rows=12' }
  });
  type(one<HTMLInputElement>('input[type=number]'), '12');
  await new Promise(done => setTimeout(done, 350));
  await settled();
  expect(texts('.jm-command code')).toEqual([
    'jupyter mage vars weekly rows=12',
    '',
    'jupyter mage run weekly --var rows=12'
  ]);
  expect(
    [...host.querySelectorAll('button')].filter(each => each.textContent === 'Set' && !each.hidden)
  ).toEqual([]);
  press('Run with these');
  await settled();
  expect(asked[asked.length - 1]).toEqual(['start', { ...WEEKLY, variables: { rows: '12' } }]);
  expect(shown).toEqual([['runs', { project: 'sales', run: 'run_9' }]]);
});

test('what the last run was given is told, and filled in on request', async () => {
  await mount(variables, { variables: FORM });
  expect(texts('.jm-variablehead .jm-soft')[0]).toContain('30 in the last run');
  press('As in the last run');
  expect(one<HTMLInputElement>('input[type=number]').value).toBe('30');
  expect(texts('.jm-command code').pop()).toBe('jupyter mage run weekly --var rows=30');
  expect(
    [...host.querySelectorAll('button')].find(each => each.textContent === 'As in the last run')?.hidden
  ).toBe(true);
});

test('the data of the latest results, and the ways of their graph, are told with no kernel', async () => {
  await mount(data, { picture: sample(), preview: SHOWN }, {});
  expect(asked.map(([, { what, given }]) => [what, (given as { block?: string }).block])).toEqual([
    ['picture', undefined],
    ['picture', undefined],
    ['preview', 'raw']
  ]);
  expect(texts('tbody tr').length).toBe(3);
  const ways = one<HTMLSelectElement>('select[aria-label^="Its output"]');
  expect([...ways.options].map(each => each.value)).toEqual(['', 'clean']);
});
