// @vitest-environment node
/** No word stands on the screen that a translator never sees. */

import { expect, test } from 'vitest';

import { bare, files, texts } from '../words.mjs';

test.each(files().map((file: string) => [file]))('%s says nothing that cannot be translated', file => {
  expect(bare(file)).toEqual([]);
});

test.each([
  ["html('p', {}, 'No runs yet')", 'No runs yet'],
  ["html('p', { title: 'More' })", 'More'],
  ["html('p', {}, some ? 'Yes' : other)", 'Yes'],
  ["html('p', {}, `${n} blocks`)", ' blocks'],
  ["made.setAttribute('aria-label', 'Close it')", 'Close it'],
  ["made.textContent = 'Done'", 'Done'],
  ["button('run', 'Run it', act)", 'Run it'],
  ["Notification.error('Gone')", 'Gone'],
  ["host.append('Nothing')", 'Nothing']
])('%s is found', (code, said) => {
  expect(bare('x.ts', code)).toEqual([`x.ts:1: ${said}`]);
});

test.each([
  "html('p', {}, words('No runs'))",
  "html('pre', {}, 'code')",
  "html('code', {}, '%pipeline')",
  "host.append(' · ')"
])('%s is fine', code => {
  expect(bare('x.ts', code)).toEqual([]);
});

test('what translators get is what is said', () => {
  const found = files().flatMap((file: string) => texts(file));
  expect(found).toEqual(
    expect.arrayContaining(['Run the pipeline', '{n} of {all}', 'No pipeline in this notebook yet', 'Graph'])
  );
});
