// from their own files: the package as a whole brings all of JupyterLab's look along
import { CodeExtractorsManager } from '@jupyterlab/lsp/lib/extractors/manager';
import { VirtualDocument } from '@jupyterlab/lsp/lib/virtual/document';
import { expect, test } from 'vitest';

import { extractors, type ISurroundings, unmasked } from './virtual';

/** A notebook's cells as JupyterLab's own client shows them to servers: the host's text, and each foreign document's. */
function shown(cells: string[], around?: (code: string) => ISurroundings): [string, ...string[]] {
  const manager = new CodeExtractorsManager();
  extractors(around).forEach(each => manager.register(each, 'python'));
  const host = new VirtualDocument({
    language: 'python',
    foreignCodeExtractors: manager,
    path: 'a.ipynb',
    fileExtension: 'py',
    hasLspSupportedFile: false
  });
  for (const value of cells) {
    host.appendCodeBlock({ value, ceEditor: { value } as never, type: 'code' });
  }
  const foreign = [...host.foreignDocuments.values()].map(each => `${each.language}: ${each.value.trim()}`);
  return [host.value, ...foreign];
}

test('a Python body is Python of the notebook, on its own lines and columns', () => {
  const cell =
    '# late\n%%block late(flights, *, minutes: int = 15, day)\nimport numpy\nreturn flights[minutes:day]';
  const lines = shown([cell])[0].split('\n').slice(0, 4);
  expect(lines).toEqual([
    '# late',
    'minutes: int = 15; day = globals()["day"]; flights = globals()["flights"]  # noqa: jupyter_mage %%block late(flights, *, minutes: int = 15, day)',
    'import numpy',
    '_    = flights[minutes:day]'
  ]);
});

test('names that cells above bind are not bound again: their types are known', () => {
  const around = () => ({ blocks: ['flights', 'users', 'late'], bound: new Set(['flights']) });
  expect(shown(['%%block late\nflights + users'], around)[0].split('\n')[0]).toBe(
    'users = globals()["users"]  # noqa: jupyter_mage %%block late'
  );
});

test('SQL, R and shell are documents of their own, and not the host’s', () => {
  const cells = [
    'x = 1',
    '%%block a(b) --sql\nSELECT 1',
    '# | block: c --lang sql\nSELECT 2',
    '%%block d --r\nlibrary(e)',
    '%%block f --sh\nls',
    '%%block g --julia\nx = [',
    '@block\ndef h(x):\n    return x'
  ];
  const [host, ...foreign] = shown(cells);
  expect(foreign).toEqual(['sql: SELECT 1', 'sql: SELECT 2', 'r: library(e)', 'bash: ls']);
  expect(host.split('\n').filter(Boolean)).toEqual(['x = 1', '@block', 'def h(x):', '    return x']);
});

test('a place in a foreign document is found again in its cell', () => {
  const manager = new CodeExtractorsManager();
  extractors().forEach(each => manager.register(each, 'python'));
  const [found] = manager
    .getExtractors('code', 'python')
    .filter(each => each.hasForeignCode('# a\n%%block x --sql\nSELECT 1', 'code'));
  expect(found?.extractForeignCode('# a\n%%block x --sql\nSELECT 1')).toEqual([
    {
      foreignCode: 'SELECT 1',
      range: { start: { line: 2, column: 0 }, end: { line: 2, column: 8 } },
      virtualShift: null,
      hostCode: ''
    }
  ]);
});

test('plain cells and tests are what they are', () => {
  expect(shown(['x = 1\nreturn x', '%%time\n1'])[0].split('\n').filter(Boolean)).toEqual([
    'x = 1',
    'return x',
    '%%time',
    '1'
  ]);
  expect(shown(['%%test late\nassert late'])[0].split('\n')[0]).toBe(
    'late = globals()["late"]  # noqa: jupyter_mage %%test late'
  );
});

test.each([
  '# late\n%%block late(flights, *, n: int = 1) --doc "a; b"\nreturn flights',
  '#| block: x(y)\ny\nreturn y\n',
  'x = 1',
  ''
])('what a server was shown of %j becomes the cell again', cell => {
  const host = shown([cell])[0];
  expect(unmasked(host).trimEnd()).toBe(cell.trimEnd());
});
