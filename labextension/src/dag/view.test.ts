import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { mountHeader } from './header';
import { mountList } from './list';
import { type IRequest } from './model';
import { REQUEST } from './request';
import { Fake, sample } from './sample';
import { mount } from './view';

let host: HTMLElement;
let source: Fake;

beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
  source = new Fake();
});

afterEach(() => {
  host.remove();
  vi.useRealTimers();
});

const draw = () => mount(host, source, { most: () => 400 });
const node = (id: string) => host.querySelector<SVGGElement>(`.jm-node[data-block="${id}"]`);

test('a view draws every block and edge, and unmounts without a trace', () => {
  source.store.put(sample());
  const unmount = draw();
  expect([host.querySelectorAll('.jm-node').length, host.querySelectorAll('.jm-edge').length]).toEqual([
    3, 2
  ]);
  expect(node('clean')?.getAttribute('aria-label')).toBe(
    'clean: transformer, python, waiting, Only good rows.'
  );
  unmount();
  expect(host.innerHTML).toBe('');
});

test('a change repaints one block and keeps the others', () => {
  source.store.put(sample());
  const unmount = draw();
  const kept = node('raw');
  source.store.put({
    changes: 1,
    states: { clean: { status: 'failed', detail: 'KeyError', error: 'KeyError: id', line: 4 } }
  });
  expect(node('clean')?.dataset.status).toBe('failed');
  expect(node('clean')?.getAttribute('aria-label')).toContain('KeyError: id (line 4)');
  expect(node('raw')).toBe(kept);
  unmount();
});

test('words of a block are never markup', () => {
  const hostile = '<img src=x onerror=alert(1)>';
  const picture = sample();
  Object.assign((picture.nodes as object[])[0] ?? {}, { label: hostile, title: hostile, doc: hostile });
  source.store.put(picture);
  const stops = [draw(), mountList(host, source), mountHeader(host, source)];
  expect(host.querySelector('img')).toBeNull();
  expect(node('raw')?.querySelector('.jm-title')?.textContent).toBe(hostile);
  stops.forEach(stop => stop());
});

test('Enter asks for the cell, on the page first and else of the source', () => {
  source.store.put(sample());
  const unmount = draw();
  const press = () =>
    node('raw')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  press();
  expect(source.requests).toEqual([{ action: 'open', block: 'raw' }]);
  const seen: IRequest[] = [];
  const take = (event: Event) => {
    seen.push((event as CustomEvent<IRequest>).detail);
    event.preventDefault();
  };
  document.addEventListener(REQUEST, take);
  press();
  document.removeEventListener(REQUEST, take);
  expect([seen.length, source.requests.length]).toEqual([1, 1]);
  unmount();
});

test('one block is in the tab order, and arrows move it', () => {
  source.store.put(sample());
  const unmount = draw();
  node('raw')?.dispatchEvent(new FocusEvent('focusin', { bubbles: true }));
  node('raw')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
  node('clean')?.dispatchEvent(new FocusEvent('focusin', { bubbles: true }));
  expect(
    [...host.querySelectorAll('.jm-node[tabindex="0"]')].map(each => (each as SVGGElement).dataset.block)
  ).toEqual(['clean']);
  unmount();
});

test('the header shows the run and offers what can be done now', () => {
  source.store.put(sample());
  const unmount = mountHeader(host, source, { interrupt: true });
  const offered = () =>
    [...host.querySelectorAll('button')]
      .filter(each => !each.hidden)
      .map(each => each.ariaLabel ?? each.title);
  expect(host.querySelector('.jm-words')?.textContent).toBe('running · 1 of 3');
  expect(offered().length).toBe(2);
  source.store.put({ changes: 1, run: { id: 'r1', status: 'failed', done: 3, total: 3, seconds: 83 } });
  expect(host.querySelector('.jm-words')?.textContent).toBe('failed · 1 min 23 s');
  expect(offered()).toEqual(['Run the pipeline']);
  unmount();
});

test('what was made of a sample is marked on the card, in the list and over them', () => {
  const picture = sample();
  Object.assign(picture.states as object, {
    raw: { status: 'succeeded', detail: '10 × 2 · 0.31 s', sampled: true, memory: '312 MB' }
  });
  picture.run = { id: 'r1', status: 'succeeded', done: 3, total: 3, seconds: 1, sample: 10 };
  source.store.put(picture);
  const stops = [draw(), mountList(host, source), mountHeader(host, source)];
  expect(['raw', 'users'].map(id => node(id)?.classList.contains('jm-sampled'))).toEqual([true, false]);
  expect(
    [...host.querySelectorAll<HTMLElement>('.jm-list .jm-badge')].filter(badge => !badge.hidden).length
  ).toBe(1);
  expect(node('raw')?.getAttribute('aria-label')).toBe(
    'raw: transformer, python, done, made of a sample, not of all the data, 10 × 2 · 0.31 s, peak memory 312 MB'
  );
  expect(host.querySelector('.jm-words')?.textContent).toBe('done · 1.00 s · sample of 10');
  stops.forEach(stop => stop());
});

test('a block that will be tried again says what went wrong', () => {
  source.store.put(sample());
  const stops = [draw(), mountList(host, source)];
  const detail = 'attempt 1 failed, the next in 5 s';
  source.store.put({
    changes: 1,
    states: { users: { status: 'retrying', detail, reason: detail, error: 'ConnectionError: down' } }
  });
  expect(node('users')?.querySelector('.jm-detail')?.textContent).toBe('attempt 1 failed, the …');
  const row = host.querySelector('[data-block="users"].jm-row, li[data-block="users"]');
  expect(row?.querySelector('.jm-detail')?.textContent).toBe(detail);
  expect(row?.querySelector('.jm-more')?.textContent).toBe('ConnectionError: down');
  stops.forEach(stop => stop());
});

test('a mapped block counts its items while it runs', () => {
  vi.useFakeTimers();
  const picture = sample();
  Object.assign((picture.nodes as object[])[1] ?? {}, { mapped: 'raw' });
  Object.assign(picture.states as object, {
    users: { status: 'running', detail: '3 of 12 items', items: 12, items_done: 3 }
  });
  source.store.put(picture);
  const stops = [draw(), mountList(host, source)];
  vi.advanceTimersByTime(3000);
  expect(node('users')?.querySelector('.jm-detail')?.textContent).toMatch(/^3 of 12 items · \d+ s$/);
  expect(node('users')?.querySelector('.jm-kind')?.textContent).toBe('transformer · map');
  source.store.put({
    changes: 1,
    states: {
      users: { status: 'failed', detail: '2 of 12 items failed', items: 12, error: 'users[1]: KeyError: id' }
    }
  });
  expect(host.querySelector('li[data-block="users"] .jm-detail')?.textContent).toBe('2 of 12 items failed');
  stops.forEach(stop => stop());
});

test('the list shows where and why a block failed', () => {
  source.store.put(sample());
  const unmount = mountList(host, source);
  source.store.put({
    changes: 1,
    states: { clean: { status: 'failed', detail: 'KeyError: id', error: 'KeyError: id', line: 4 } }
  });
  expect(host.querySelector('[data-block="clean"] .jm-more')?.textContent).toBe('KeyError: id  (line 4)');
  unmount();
  expect(host.innerHTML).toBe('');
});
