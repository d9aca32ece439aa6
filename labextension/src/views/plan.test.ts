import { expect, test, vi } from 'vitest';

import { PLAN } from '../../tests/answers';
import { FakeData, mounted, settled, type } from '../../tests/fake_data';
import { sample } from '../dag/sample';
import { selections } from './completing';
import { Refusal } from './data_source';
import { plan } from './plan';

const RESTING = { ...sample(), run: null };

const setUp = async (fake = new FakeData({ plan: () => PLAN }), picture: unknown = RESTING) => {
  const view = mounted(plan, fake, picture);
  await settled();
  const field = view.one<HTMLInputElement>('input[role=combobox]');
  const press = (key: string) =>
    field.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  return { fake, field, key: press, ...view };
};

test('each block says what happens, why, and for how long; the total too', async () => {
  const { texts, all } = await setUp();
  expect(texts('.jm-total')).toEqual([
    '1 to run, 1 perhaps, 1 cached, 1 blocked · about 12.3 s · 1 has never run'
  ]);
  expect(texts('.jm-steprow')).toEqual([
    'rawcached12 480 × 3',
    'cleanruns≈\u00a012.3 s',
    'loadblocked',
    'tailruns perhaps'
  ]);
  expect(texts('.jm-why')).toEqual([
    'code: 2 linesparameter day 1 → 2',
    'reads tmp, which a clean run does not have',
    'upstream clean runs'
  ]);
  expect(all('details').map(each => (each as HTMLDetailsElement).open)).toEqual([false]);
  expect(all('.jm-diff span').map(each => [each.className, each.textContent])).toEqual([
    ['jm-place', 'line 4'],
    ['jm-same', ' same'],
    ['jm-went', '-old'],
    ['jm-came', '+new']
  ]);
});

test('the command is shown, and Run runs that', async () => {
  const { fake, texts, press } = await setUp();
  expect(texts('.jm-command code')).toEqual(['%pipeline run']);
  press('Run');
  await settled();
  expect(fake.executed).toEqual(['%pipeline run']);
  expect(fake.asked.length).toBe(2);
});

test('a run that failed says why; a selection that is wrong cannot be run', async () => {
  const fake = new FakeData({
    plan: ({ selection }) =>
      selection === 'x' ? Promise.reject(new Refusal('no block x', '%pipeline')) : PLAN
  });
  fake.execute = async () => Promise.reject(new Refusal('clean failed: KeyError', '%pipeline resume r1'));
  const { press, texts, field, all } = await setUp(fake);
  press('Run');
  await settled();
  expect(texts('.jm-refusal')).toEqual(['clean failed: KeyError']);
  vi.useFakeTimers();
  type(field, 'x');
  await vi.advanceTimersByTimeAsync(300);
  vi.useRealTimers();
  await settled();
  expect(texts('.jm-refusal')).toEqual(['clean failed: KeyError', 'no block x']);
  expect(
    all('button')
      .find(each => each.textContent === 'Run')
      ?.hasAttribute('disabled')
  ).toBe(true);
});

test('without a kernel there is the command, and no Run', async () => {
  const fake = new FakeData({ plan: () => PLAN });
  fake.execute = undefined;
  const { all, texts } = await setUp(fake);
  expect(texts('.jm-command code')).toEqual(['%pipeline run']);
  expect(
    all('button')
      .find(each => each.textContent === 'Run')
      ?.hasAttribute('disabled')
  ).toBe(true);
});

test('arrows and Enter complete the last word; Escape leaves it', async () => {
  const { field, key, texts, all } = await setUp();
  type(field, 'raw cl');
  expect(texts('[role=option]')).toEqual(['clean']);
  key('ArrowDown');
  expect(field.getAttribute('aria-activedescendant')).toBe(all('[role=option][aria-selected=true]')[0]?.id);
  key('Enter');
  expect(field.value).toBe('raw clean');
  type(field, 'tag:');
  expect(texts('[role=option]')).toEqual(['tag:daily']);
  key('Escape');
  expect([texts('[role=option]'), field.value, field.getAttribute('aria-expanded')]).toEqual([
    [],
    'tag:',
    'false'
  ]);
});

test.each([
  ['', ['raw', 'clean', 'tag:daily']],
  ['c', ['clean']],
  ['ea', ['clean']],
  ['+c', ['+clean']],
  ['clean', ['+clean', 'clean+', '+clean+']],
  ['+clean', ['+clean', '+clean+']],
  ['nosuch', []],
  ['tag:d', ['tag:daily']]
])('%j may become %j', (word, expected) => {
  expect(selections(word, ['raw', 'clean'], ['daily'])).toEqual(expected);
});

test('while a run goes on nothing is planned; when it has ended it is', async () => {
  vi.useFakeTimers();
  const fake = new FakeData({ plan: () => PLAN });
  const { source } = mounted(plan, fake, sample());
  await vi.advanceTimersByTimeAsync(1000);
  source.store.put({ changes: 1, states: { raw: { status: 'cached', detail: '' } } });
  await vi.advanceTimersByTimeAsync(1000);
  expect(fake.asked.length).toBe(1);
  source.store.put({ changes: 1, run: { id: 'r1', status: 'succeeded', done: 3, total: 3, seconds: 1 } });
  await vi.advanceTimersByTimeAsync(1000);
  vi.useRealTimers();
  expect(fake.asked.length).toBe(2);
});

test('a wait is said when it is long, with its reason', async () => {
  vi.useFakeTimers();
  const fake = new FakeData({ plan: () => new Promise(() => undefined) });
  fake.slow = 'The kernel answers when the cell that runs has ended.';
  const { texts, made } = mounted(plan, fake, RESTING);
  await vi.advanceTimersByTimeAsync(100);
  const soon = texts('.jm-said:not([hidden])');
  await vi.advanceTimersByTimeAsync(500);
  expect([soon, texts('.jm-said:not([hidden])')]).toEqual([[], [fake.slow]]);
  fake.slow = '';
  await vi.advanceTimersByTimeAsync(1500);
  expect(texts('.jm-said:not([hidden])')).toEqual(['Asking the kernel…']);
  made.unmount();
  vi.useRealTimers();
});
