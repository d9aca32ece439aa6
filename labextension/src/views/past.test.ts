/** The views of history, with a source that says what a test wants. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { answering, DETAIL, LINE, LOG, PROJECTS, RUN } from '../../tests/history_screens';
import { Place } from './history';
import { logs, marked } from './logs';
import { ago, size } from './parts';
import { projects } from './projects';
import { runs } from './runs';
import type { IMounted, IView } from './view';

let host: HTMLElement;
let mounted: IMounted;
let asked: [string, Record<string, unknown>][];
let shown: [string, unknown][];

beforeEach(() => {
  host = document.createElement('div');
  document.body.replaceChildren(host);
  [asked, shown] = [[], []];
});
afterEach(() => mounted.unmount());

/** The view on the screen, its source answering what is given. */
async function mount(view: IView, given: Record<string, unknown>, subject = {}) {
  const history = Object.fromEntries(
    Object.entries(answering(given)).map(([name, answer]) => [
      name,
      async (fields: Record<string, unknown>) => {
        asked.push([name, fields]);
        if (given[name] instanceof Error) {
          throw given[name];
        }
        return answer();
      }
    ])
  );
  const place = new Place();
  place.choose('sales');
  const show = (name: string, where: unknown) => void shown.push([name, where]);
  mounted = view.mount(host, { history, place, show } as never);
  mounted.seen?.(true);
  mounted.open?.(subject);
  await quiet();
}

const quiet = () =>
  vi
    .waitFor(() => expect(asked.length).toBeGreaterThan(0))
    .then(() => new Promise(done => setTimeout(done, 20)));
const text = (selector: string) => [...host.querySelectorAll(selector)].map(each => each.textContent ?? '');
const named = (label: string) =>
  [...host.querySelectorAll<HTMLButtonElement>('button')].find(
    each => each.textContent === label
  ) as HTMLButtonElement;
const page = (...found: object[]) => ({ runs: found, more: false, pipelines: ['flights_late'], stamp: 's' });

test('runs are listed with state, pipeline, time and from where', async () => {
  await mount(runs, { runs: page(RUN, { ...RUN, id: 'run_2', status: 'running', seconds: null }) });
  expect(text('.jm-runlist .jm-blockname')).toEqual(['flights_late', 'flights_late']);
  expect(text('.jm-runlist .jm-secondline > span:first-child')).toEqual(['failed', '3 of 3']);
  expect(text('.jm-runlist .jm-from')).toEqual(['cli_face', 'cli_face']);
  expect(asked[0]).toEqual(['runs', { project: 'sales', limit: 50, wait: 0 }]);
});

test('an empty history says so', async () => {
  await mount(runs, { runs: page() });
  expect(text('.jm-notice')[0]).toContain('Nothing has run here yet');
});

test('what the server cannot say is said in its words', async () => {
  await mount(runs, { runs: new Error('the history is broken\n→ try again') });
  expect(host.querySelector('.jm-notice.jm-wrong')?.textContent).toBe('the history is broken\n→ try again');
});

test('two runs can be chosen, the third cannot; the older is the one before', async () => {
  await mount(runs, { runs: page(RUN, { ...RUN, id: 'run_2' }, { ...RUN, id: 'run_3' }) });
  const boxes = [...host.querySelectorAll<HTMLInputElement>('.jm-runlist input')];
  boxes[0].click();
  expect(host.querySelector('.jm-picked')?.textContent).toContain('Choose another run');
  boxes[2].click();
  expect(boxes.map(box => box.disabled)).toEqual([false, true, false]);
  named('Compare').click();
  await quiet();
  expect(asked[asked.length - 1]).toEqual(['diff', { project: 'sales', before: 'run_3', after: 'run_1' }]);
  expect(text('.jm-difftable tbody th')).toEqual(['clean']);
});

test('a run shows its tries as bars, and its error beside them', async () => {
  await mount(runs, {}, { run: 'run_1' });
  const bars = [...host.querySelectorAll<SVGElement>('.jm-ganttbar')];
  expect(bars.map(bar => bar.dataset.status)).toEqual(['failed', 'running']);
  expect(host.querySelector('.jm-ganttrow title')?.textContent).toContain('KeyError: user');
});

test('only blocks that changed are taken anew', async () => {
  const later = { ...DETAIL, whole: false, blocks: [{ ...LINE, name: 'raw', label: 'raw', error: '' }] };
  await mount(runs, { run: DETAIL }, { run: 'run_1' });
  mounted.unmount();
  await mount(runs, { run: later }, { run: 'run_1' });
  expect(text('.jm-ganttname')).toEqual(['raw']);
});

test('each button has its command, and the one that is pointed at is shown', async () => {
  await mount(runs, {}, { run: 'run_1' });
  expect(text('.jm-actions button')).toEqual(['Cancel', 'Resume', 'Run again', 'Logs']);
  expect(text('.jm-command code')).toEqual(['c cancel']);
  named('Run again').dispatchEvent(new Event('focus'));
  expect(text('.jm-command code')).toEqual(['c rerun']);
  named('Resume').click();
  await quiet();
  expect(asked.filter(([name]) => name === 'resume')).toEqual([
    ['resume', { project: 'sales', run: 'run_1' }]
  ]);
});

test('a button whose command there is not is not there', async () => {
  await mount(runs, { run: { ...DETAIL, commands: { logs: 'c logs' } } }, { run: 'run_1' });
  expect(text('.jm-actions button')).toEqual(['Logs']);
  named('Logs').click();
  expect(shown).toEqual([['logs', { project: 'sales', run: 'run_1' }]]);
});

test('a start that is refused says why, and the button can be pressed again', async () => {
  await mount(runs, { resume: new Error('no file has it') }, { run: 'run_1' });
  named('Resume').click();
  await quiet();
  expect(host.querySelector('.jm-notice.jm-wrong')?.textContent).toBe('no file has it');
  expect(named('Resume').disabled).toBe(false);
});

test('a log has its lines by level, and what is printed just now behind them', async () => {
  await mount(logs, {}, { run: 'run_1' });
  expect(text('.jm-logtext')).toEqual(['a line of text', 'it says so now']);
  expect(host.querySelector<HTMLElement>('.jm-logline')?.dataset.level).toBe('error');
});

test('a log is filtered by block and level', async () => {
  const lines = ['printed', 'warning', 'error', 'note'].map((level, i) => ({
    ...LOG.lines[0],
    id: `${i}`,
    level,
    text: level
  }));
  await mount(logs, { logs: { ...LOG, lines, live: [], more: false } }, { run: 'run_1', block: 'clean' });
  expect(asked.find(([name]) => name === 'logs')?.[1]).toMatchObject({
    run: 'run_1',
    block: 'clean',
    after: 0
  });
  mounted.seen?.(false);
  const levels = host.querySelector<HTMLSelectElement>('select[aria-label="Level"]') as HTMLSelectElement;
  levels.value = 'warnings';
  levels.dispatchEvent(new Event('change'));
  expect(new Set(text('.jm-logtext'))).toEqual(new Set(['warning', 'error']));
});

test.each([
  ['One two ONE', 'one', '<mark>One</mark> two <mark>ONE</mark>'],
  ['a.b', '.', 'a<mark>.</mark>b'],
  ['nothing', 'x', 'nothing'],
  ['<b>', 'b', '&lt;<mark>b</mark>&gt;'],
  ['İstanbul', 'i', 'İstanbul']
])('in %s the words %s are marked', (line, needle, expected) => {
  host.append(...marked(line, needle));
  expect(host.innerHTML).toBe(expected);
  mounted = { unmount: () => undefined };
});

test('a pipeline that does not read says why and is not run', async () => {
  await mount(projects, {});
  expect(text('.jm-project h3')).toEqual(['sales/euMage project']);
  expect(text('.jm-error')).toEqual(['its history does not read', 'it does not read']);
  expect(text('.jm-actions button')).toEqual(['Resume', 'Cancel', 'Open the notebook']);
});

test('a pipeline that reads is run from its tile', async () => {
  const [project] = PROJECTS.projects;
  const fine = {
    ...PROJECTS,
    projects: [{ ...project, problem: '', pipelines: [{ ...project.pipelines[0], problem: '' }] }]
  };
  await mount(projects, { projects: fine, start: { run: 'run_9', command: '', pid: 1 } });
  named('Run').click();
  await quiet();
  expect(shown).toEqual([['runs', { project: 'sales/eu', run: 'run_9' }]]);
});

test('a notebook is asked to be opened on the page', async () => {
  const opened: unknown[] = [];
  host.addEventListener('jupyter-mage:request', event => opened.push((event as CustomEvent).detail));
  await mount(projects, {});
  named('Open the notebook').click();
  expect(opened).toEqual([{ action: 'open-file', file: 'sales/eu/orders.ipynb' }]);
});

test('pipelines are searched by name and by folder', async () => {
  await mount(projects, {});
  const search = host.querySelector('.jm-find') as HTMLInputElement;
  const found = (needle: string) => {
    search.value = needle;
    search.dispatchEvent(new Event('input'));
    return text('.jm-pipeline .jm-blockname').length;
  };
  expect([found('ORDERS'), found('sales/'), found('nope'), found('')]).toEqual([1, 1, 0, 1]);
});

test('times and sizes are said as people say them', () => {
  const now = new Date(2026, 2, 3, 12, 0, 0).getTime() / 1000;
  expect([5, 42, 300, 7200].map(back => ago(now - back, now))).toEqual([
    'just now',
    '42 s ago',
    '5 min ago',
    '2 h ago'
  ]);
  expect(ago(now - 10 * 3600, now)).toMatch(/^today, /);
  expect(ago(now - 30 * 3600, now)).toMatch(/^yesterday, /);
  expect([900, 12345, 4.2e9].map(size)).toEqual(['900 B', '12 kB', '4.2 GB']);
  mounted = { unmount: () => undefined };
});
