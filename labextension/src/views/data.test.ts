import { expect, test } from 'vitest';

import { EDGE, ORIGIN, PREVIEW, PROFILE, SHOWN, VALUE } from '../../tests/answers';
import { FakeData, mounted, settled } from '../../tests/fake_data';
import { sample } from '../dag/sample';
import { data } from './data';

const answers = (more: Record<string, (given: Record<string, unknown>) => unknown> = {}) =>
  new FakeData({
    preview: () => SHOWN,
    edge: () => EDGE,
    profile: () => ({ origin: ORIGIN, profile: PROFILE }),
    ...more
  });

const setUp = async (fake = answers()) => {
  const view = mounted(data, fake);
  await settled();
  return { fake, ...view };
};

test('the first block that has a result is shown, with heads and captions that a screen reader needs', async () => {
  const { fake, texts, all } = await setUp();
  expect(fake.asked).toEqual([
    ['preview', { block: 'raw', run: '', target: '', start: 0, rows: 50, first: 0 }]
  ]);
  expect(texts('caption')).toEqual(['Rows 1 to 3 of 12\u00a0480']);
  expect(all('thead th').map(each => [each.getAttribute('scope'), each.textContent])).toEqual([
    ['col', 'Row'],
    ['col', 'keystring'],
    ['col', 'nint64'],
    ['col', 'whostr']
  ]);
  expect(texts('tbody th[scope=row]')).toEqual(['1', '2', '3']);
});

test('numbers stand right, nulls are seen, empty texts too, long ones are whole in their title', async () => {
  const { all } = await setUp();
  const cells = all('tbody tr:nth-child(2) td').map(each => [each.textContent, each.className]);
  expect(cells).toEqual([
    ['b', 'jm-index'],
    ['null', 'jm-numeric jm-null'],
    ['', 'jm-blank']
  ]);
  expect(all('td[title]').map(each => each.title)).toEqual([
    'a text that is longer than what fits into one cell'
  ]);
});

test('a sample and a stale result say so', async () => {
  const { texts } = await setUp();
  expect(texts('.jm-badge')).toEqual(['SAMPLE', 'STALE']);
  expect(texts('.jm-origin')[0]).toContain(
    'of the first 1\u00a0000 rows or items of each loader, made by run'
  );
});

test('pages of rows and of columns are asked for', async () => {
  const { fake, press, texts } = await setUp();
  expect(texts('.jm-pager span')).toEqual(['Rows 1–3 of 12\u00a0480', 'Columns 1–2 of 5']);
  press('Next rows');
  press('Next columns');
  expect(fake.asked.slice(1).map(([, given]) => [given.start, given.first])).toEqual([
    [3, 0],
    [3, 2]
  ]);
});

test('an edge says what flowed, what differs, and that it was not taken yet', async () => {
  const { made, fake, texts, one } = await setUp();
  made.open?.({ block: 'raw', target: 'clean' });
  await settled();
  expect(fake.asked.slice(1).map(([what]) => what)).toEqual(['edge', 'preview']);
  expect(texts('.jm-edgeinfo .jm-alert')).toEqual([
    '✗ −3\u00a0122 rows (−20\u00a0%) · 3 columns differ',
    'clean has not taken this version yet: its last result was made of another one.'
  ]);
  expect(texts('.jm-schema li')).toEqual([
    '~another typedaystr → datetime64[us]',
    '+newuserstr',
    '−goneusrobject'
  ]);
  expect(one<HTMLSelectElement>('select:nth-of-type(2)').value).toBe('clean');
});

test('columns come a few at a time until all are there', async () => {
  const parts = [PROFILE, { ...PROFILE, columns: PROFILE.columns.slice(1), columns_left: 0 }];
  const fake = answers({ profile: ({ first }) => ({ origin: ORIGIN, profile: parts[first === 0 ? 0 : 1] }) });
  const { press, texts, one } = await setUp(fake);
  press('Columns');
  await settled();
  expect(fake.asked.slice(1).map(([what, given]) => [what, given.first])).toEqual([
    ['profile', 0],
    ['profile', 2]
  ]);
  expect(texts('.jm-profile h4')).toEqual(['nint64', 'whostr', 'whostr']);
  expect(texts('.jm-profile:first-child dd')).toEqual(['4 (0.4\u00a0%)', '≥\u00a012', '0', '7.5', '15']);
  expect(one('.jm-histogram').getAttribute('aria-label')).toBe(
    'Histogram of n from 0 to 15; most in 10 – 15'
  );
  expect(texts('.jm-foot')[0]).toContain('500 evenly spread rows of 1\u00a0000');
});

test('what is no table is a tree, a picture, or text', async () => {
  const text = JSON.stringify({ who: { name: 'ann' }, n: null });
  const tree = await setUp(answers({ preview: () => ({ ...SHOWN, preview: { ...VALUE, text } }) }));
  expect(tree.texts('.jm-leaf')).toEqual(['name: "ann"', 'n: null']);
  const cut = await setUp(
    answers({ preview: () => ({ ...SHOWN, preview: { ...VALUE, text: '{"a": [1, 2…' } }) })
  );
  expect(cut.texts('pre')).toEqual(['{"a": [1, 2…']);
  const image = { mime: 'image/png', data: 'aGk=' };
  const seen = await setUp(answers({ preview: () => ({ ...SHOWN, preview: VALUE, image }) }));
  expect(seen.all('img').map(each => each.getAttribute('src'))).toEqual(['data:image/png;base64,aGk=']);
});

test('a pickle is loaded only when its button is pressed, and the command is there', async () => {
  const origin = { ...ORIGIN, sampled: false };
  const preview = {
    ...VALUE,
    sort: 'opaque',
    type: 'Figure',
    text: '<Figure>',
    command: '%pipeline show raw'
  };
  const fake = answers({ preview: () => ({ origin, preview, image: null, first: 0 }) });
  fake.outcome = { text: 'x', images: [{ mime: 'image/svg+xml', data: 'aGk=' }] };
  const { press, all, texts } = await setUp(fake);
  expect([texts('pre'), texts('code'), fake.executed]).toEqual([['<Figure>'], ['%pipeline show raw'], []]);
  press('Show it here');
  await settled();
  expect([fake.executed, all('img').length]).toEqual([['%pipeline show raw'], 1]);
});

test('why there is nothing is said with the command that helps', async () => {
  const { texts, one } = await setUp(new FakeData({}));
  expect([texts('.jm-refusal'), texts('.jm-said code')]).toEqual([['no answer preview'], ['%pipeline']]);
  expect(one('.jm-body').children.length).toBe(0);
});

test('a new result is asked for, one that is out of sight when it comes into sight', async () => {
  const { source, made, fake } = await setUp();
  source.store.put({ changes: 1, states: { raw: { status: 'running', detail: '' } } });
  source.store.put({ changes: 1, states: { clean: { status: 'failed', detail: 'no' } } });
  expect(fake.asked.length).toBe(1);
  source.store.put({ changes: 1, states: { raw: { status: 'succeeded', detail: '11 × 2' } } });
  expect(fake.asked.length).toBe(2);
  made.seen?.(false);
  source.store.put({ changes: 1, states: { raw: { status: 'cached', detail: '11 × 2' } } });
  expect(fake.asked.length).toBe(2);
  made.seen?.(true);
  expect(fake.asked.length).toBe(3);
});

test('only the last answer counts', async () => {
  const open: ((value: unknown) => void)[] = [];
  const fake = answers({ preview: () => new Promise(resolve => open.push(resolve)) });
  const { made, texts } = await setUp(fake);
  made.open?.({ block: 'users' });
  open[1]({ ...SHOWN, preview: { ...PREVIEW, cells: [['late', '1', 'x']] } });
  await settled();
  open[0](SHOWN);
  await settled();
  expect(texts('tbody td:nth-child(2)')).toEqual(['late']);
});

test('a block of a run of a project is read from disk, with no kernel and no picture', async () => {
  const asked: unknown[] = [];
  const line = { status: 'succeeded', started: 1767268800, seconds: 2, sampled: true, shape: '3 × 2' };
  const blocks = [
    { ...line, name: 'load' },
    { ...line, name: 'tidy' },
    { ...line, name: 'bad', shape: '' }
  ];
  const history = {
    run: async () => ({ blocks }),
    picture: async () => ({ picture: sample() }),
    preview: async (given: unknown) => (asked.push(given), SHOWN),
    profile: async (given: unknown) => (
      asked.push(given),
      { origin: ORIGIN, profile: { ...PROFILE, columns_left: 0 }, first: 0 }
    )
  };
  const { made, texts, one, press } = mounted(data, new FakeData({}), null, history as never);
  await settled();
  expect(texts('.jm-body p')).toEqual([
    'Nothing to show yet: run a cell that is a block, or choose a block of a run in Runs.'
  ]);
  made.open?.({ project: 'shop', run: 'r7', block: 'tidy' });
  await settled();
  expect(asked).toEqual([{ project: 'shop', run: 'r7', block: 'tidy', start: 0, rows: 50, first: 0 }]);
  expect([texts('.jm-ofrun span'), texts('.jm-badge'), texts('tbody tr').length]).toEqual([
    ['of run r7'],
    ['SAMPLE', 'STALE'],
    3
  ]);
  const choice = one<HTMLSelectElement>('select[aria-label=Block]');
  expect([choice.value, [...choice.options].map(each => each.value)]).toEqual(['tidy', ['load', 'tidy']]);
  choice.value = 'load';
  choice.dispatchEvent(new Event('change'));
  press('Columns');
  await settled();
  expect(asked.slice(2)).toEqual([{ project: 'shop', run: 'r7', block: 'load', first: 0 }]);
  expect(texts('.jm-profile h4').length).toBe(2);
});

test('an edge of a run on disk tells what flowed, and the ways from its block are those of the run', async () => {
  const asked: unknown[] = [];
  const history = {
    run: async () => ({ blocks: [{ name: 'raw', shape: '3 × 2' }] }),
    picture: async () => ({ picture: sample() }),
    preview: async () => SHOWN,
    edge: async (given: unknown) => (asked.push(given), EDGE)
  };
  const { made, texts, one } = mounted(data, new FakeData({}), null, history as never);
  made.open?.({ project: '', run: 'r7', block: 'raw', target: 'clean' });
  await settled();
  expect(asked).toEqual([{ project: '', run: 'r7', source: 'raw', target: 'clean' }]);
  expect(texts('.jm-edgeinfo .jm-flowed').length).toBe(1);
  const ways = one<HTMLSelectElement>('select[aria-label^="Its output"]');
  expect([...ways.options].map(each => each.value)).toEqual(['', 'clean']);
});
