/** A finger that rests on a spot of the graph opens its menu; one that moves, lifts or scrolls does not. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { editing } from './editing';
import { Fake, sample } from './sample';
import { mount } from './view';

const REST = 500;
const CLEAN = { clientX: 100, clientY: 50 };

let host: HTMLElement;
let unmount: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  host = document.createElement('div');
  document.body.replaceChildren(host);
  const source = new Fake();
  source.store.put(sample());
  unmount = mount(host, source, { ...editing(), most: () => 400 });
});
afterEach(() => {
  unmount();
  vi.useRealTimers();
});

function touch(type: string, place: object = CLEAN, pointerType = 'touch'): void {
  const init = { bubbles: true, cancelable: true, button: 0, pointerId: 7, pointerType, ...place };
  const target = type === 'pointerdown' ? host.querySelector('svg') : window;
  target?.dispatchEvent(new PointerEvent(type, init));
}
const items = () => [...document.querySelectorAll('.jm-word')].map(each => each.textContent);

test('it opens after half a second, where the finger is', () => {
  touch('pointerdown');
  vi.advanceTimersByTime(REST - 1);
  expect(items()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(items()).toContain('Rename…');
  const menu = document.querySelector('.jm-menu');
  expect(
    menu?.getAttribute('aria-label') ?? menu?.querySelector('[role=menu]')?.getAttribute('aria-label')
  ).toBe('clean');
});

test('the ground has a menu of its own', () => {
  touch('pointerdown', { clientX: 420, clientY: 320 });
  vi.advanceTimersByTime(REST);
  expect(items().length).toBeGreaterThan(0);
  expect(items()).not.toContain('Rename…');
});

test('a finger that shakes a little still rests', () => {
  touch('pointerdown');
  touch('pointermove', { clientX: 104, clientY: 54 });
  vi.advanceTimersByTime(REST);
  expect(items()).toContain('Rename…');
});

test.each([
  ['moves on', () => touch('pointermove', { clientX: 100, clientY: 80 })],
  ['lifts', () => touch('pointerup')],
  ['scrolls the page', () => touch('pointercancel')]
])('a finger that %s opens nothing', (_, does) => {
  touch('pointerdown');
  vi.advanceTimersByTime(REST / 2);
  does();
  vi.advanceTimersByTime(10 * REST);
  expect(items()).toEqual([]);
});

test('a mouse that is held opens nothing: it has a button for that', () => {
  touch('pointerdown', CLEAN, 'mouse');
  vi.advanceTimersByTime(10 * REST);
  expect(items()).toEqual([]);
});
