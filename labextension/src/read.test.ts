import { expect, test } from 'vitest';

import { read } from './read';

test('what is there is read as it is', () => {
  const page = { runs: [], more: true, pipelines: ['a'], stamp: 's' };
  expect(read('RunsPage', page)).toEqual(page);
});

test.each([
  [null],
  [undefined],
  [7],
  ['text'],
  [[]],
  [{}],
  [{ runs: 'no list', more: 'yes', pipelines: [1, null, {}], stamp: {} }]
])('of %j every field is there and has its type', value => {
  const page = read('RunsPage', value);
  expect([Array.isArray(page.runs), typeof page.more, typeof page.stamp]).toEqual([
    true,
    'boolean',
    'string'
  ]);
  expect(page.pipelines.every(each => typeof each === 'string')).toBe(true);
});

test('a field that may be null is null where it is anything else', () => {
  const of = (seconds: unknown) => read('RunLine', { seconds }).seconds;
  expect([of(null), of('1'), of(NaN), of(Infinity), of(1.5), of(undefined)]).toEqual([
    null,
    null,
    null,
    null,
    1.5,
    null
  ]);
});

test('one of few words is one of them', () => {
  const of = (level: unknown) => read('LogLine', { level }).level;
  expect([of('error'), of('loud'), of(null), of(['error'])]).toEqual([
    'error',
    'printed',
    'printed',
    'printed'
  ]);
});

test('what is not always there is left out', () => {
  expect(Object.keys(read('PictureChanges', { changes: 1 }))).toEqual(['changes']);
});

test('nothing comes from a prototype', () => {
  const evil = JSON.parse(
    '{"__proto__": {"stamp": "evil"}, "constructor": {"prototype": {"stamp": "evil"}}}'
  );
  expect(read('RunsPage', evil).stamp).toBe('');
  expect(({} as Record<string, unknown>).stamp).toBe(undefined);
});

test('long texts and lists are cut', () => {
  const page = read('RunsPage', {
    stamp: 'x'.repeat(50000),
    pipelines: Array.from({ length: 50000 }, () => 'p')
  });
  expect([page.stamp.length, page.pipelines.length]).toEqual([20000, 20000]);
});
