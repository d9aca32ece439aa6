/** Nobody who works by keyboard is thrown out of the panel because something was drawn anew. */

import { afterEach, beforeEach, expect, test } from 'vitest';

import { mountHeader } from '../src/dag/header';
import { mountList } from '../src/dag/list';
import { mount } from '../src/dag/view';
import { Fake } from '../src/dag/sample';
import { PICTURE } from './screens';

let host: HTMLElement;
let source: Fake;

beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
  source = new Fake();
  source.store.put(PICTURE);
});
afterEach(() => host.remove());

const run = (status: string) => ({ changes: 1, run: { ...PICTURE.run, status } });
const focused = () => (host.contains(document.activeElement) ? document.activeElement : null);

test('the keyboard goes from Run to Cancel when a run begins, and back when it ends', () => {
  source.store.put(run('failed'));
  const stop = mountHeader(host, source, { interrupt: true });
  host.querySelector<HTMLElement>('.jm-main')?.focus();
  source.store.put(run('running'));
  expect(focused()?.getAttribute('aria-label')).toMatch(/^Cancel the run/);
  source.store.put(run('succeeded'));
  expect(focused()?.getAttribute('aria-label')).toBe('Run the pipeline');
  stop();
});

test('a block keeps the keyboard when the graph is drawn anew', () => {
  const stop = mount(host, source, { most: () => 400 });
  host.querySelector<SVGGElement>('.jm-node[data-block="clean"]')?.focus();
  source.store.put({ ...PICTURE, size: [500, 400] });
  expect((focused() as SVGGElement | null)?.dataset.block).toBe('clean');
  stop();
});

test('a line keeps the keyboard when the list is made anew', () => {
  const stop = mountList(host, source);
  host.querySelector<HTMLElement>('[data-block="clean"] .jm-jump')?.focus();
  source.store.put({ ...PICTURE, size: [500, 400] });
  expect(focused()?.className).toBe('jm-jump');
  expect(focused()?.closest('[data-block]')?.getAttribute('data-block')).toBe('clean');
  stop();
});
