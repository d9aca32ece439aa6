import { expect, test } from 'vitest';

import { blockOf } from './header';

test.each([
  ['%%block raw', 'raw'],
  ['\n# a note\n%%block clean(raw, *, day: str = "x") --sql\nSELECT 1', 'clean'],
  ['#| block: users(raw)\n1', 'users'],
  ['x = 1\n%%block raw', ''],
  ['%%test raw', ''],
  ['%%blocks raw', ''],
  ['', '']
])('%j defines %j', (source, name) => {
  expect(blockOf(source)).toBe(name);
});
