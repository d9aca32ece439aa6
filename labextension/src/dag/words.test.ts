import { afterEach, expect, test } from 'vitest';

import { translateBy, words } from './words';

afterEach(() => translateBy(text => text));

test('values go into their places, and nothing else does', () => {
  expect(words('{n} of {all} in {where}', { n: 1, all: 3 })).toBe('1 of 3 in {where}');
});

test('a value that looks like a place stays as it is', () => {
  expect(words('{a} {b}', { a: '{b}', b: 'x' })).toBe('{b} x');
});

test('a host says it in another language', () => {
  translateBy(text => (text === '{n} blocks' ? '{n} Blöcke' : text));
  expect([words('{n} blocks', { n: 2 }), words('Run')]).toEqual(['2 Blöcke', 'Run']);
});
