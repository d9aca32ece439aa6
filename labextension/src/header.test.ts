import { expect, test } from 'vitest';

import { blockOf, headOf } from './header';
import table from './header.table.json';

test.each(table.map(each => [each.source, each.head] as const))(
  '%j is read as Python reads it',
  (source, head) => {
    const read = headOf(source);
    expect(read && { ...read, from: undefined, to: undefined, written: undefined }).toEqual(head);
  }
);

test.each([
  ['\n# a note\n%%block clean(raw)\nraw', '%%block clean(raw)'],
  ['%%block clean\r\nraw', '%%block clean'],
  [
    'x = 1\n@block(\n  kind="custom"\n)\ndef big(\n  a\n) -> "x":\n  return a',
    '@block(\n  kind="custom"\n)\ndef big(\n  a\n) -> "x":'
  ]
])('%j: the header stands where it stands', (source, header) => {
  const read = headOf(source);
  expect(read && source.slice(read.from, read.to)).toBe(header);
});

test.each([
  '%%block 1st',
  '%%block a.b',
  '%%block "x"',
  '%%block (raw)',
  '%%block raw(',
  '@block\ndef',
  '@block(',
  '@data_loader'
])('what does not read is no error: %j', source => {
  expect(() => headOf(source)).not.toThrow();
});

test('only blocks have a name that a graph knows', () => {
  expect(['%%block raw', '%%test raw', '%%block 1st', 'raw'].map(blockOf)).toEqual(['raw', '', '', '']);
});

test('parameters are kept as they are written', () => {
  expect(headOf('%%block x(a, *, n: int = 1, day="a,b", m) --sql')?.written).toEqual([
    'n: int = 1',
    'day="a,b"',
    'm'
  ]);
});
