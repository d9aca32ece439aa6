import { expect, test } from 'vitest';

import { roundUp, scale } from './scale';

test('times go from the left edge to the right one', () => {
  const along = scale([[100, 104]], 400, false);
  expect([along.x(100), along.x(102), along.x(104), along.x(99), along.x(200)]).toEqual([
    0, 200, 400, 0, 400
  ]);
  expect(along.ticks.map(tick => [Math.round(tick.x), tick.label])).toEqual([
    [0, '0'],
    [100, '1 s'],
    [200, '2 s'],
    [300, '3 s'],
    [400, '4 s']
  ]);
});

test('a run that was resumed the next day has a cut, and each part its own seconds', () => {
  const along = scale(
    [
      [0, 10],
      [86400, 86410]
    ],
    418,
    false
  );
  expect([along.x(0), along.x(10), along.x(86400), along.x(86410)].map(Math.round)).toEqual([
    0, 200, 218, 418
  ]);
  expect(along.cuts.map(cut => [Math.round(cut.x), cut.seconds])).toEqual([[209, 86390]]);
});

test('while it grows the scale has room, so that it stays for a while', () => {
  const one = scale([[0, 2.1]], 300, true);
  const other = scale([[0, 2.9]], 300, true);
  expect([one.x(1), other.x(1)]).toEqual([100, 100]);
});

test.each([
  [0, 1],
  [1.2, 1.5],
  [7, 8],
  [11, 15],
  [95, 100],
  [100, 100]
])('%d seconds are rounded up to %d', (seconds, up) => {
  expect(roundUp(seconds)).toBe(up);
});

test('nothing that ran makes an empty scale', () => {
  expect(scale([], 300, true).ticks).toEqual([]);
});

test('a moment is a place as well', () => {
  const along = scale([[5, 5]], 300, false);
  expect(Number.isFinite(along.x(5))).toBe(true);
});
