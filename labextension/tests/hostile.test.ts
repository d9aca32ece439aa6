/**
 * Every payload in every field of every JSON that a screen reads, and every wrong type in every place: nothing but words comes
 * of it. `HOSTILE=all` puts each payload and each wrong type into each place by itself too, which takes minutes; else each place gets some.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import {
  everywhere,
  expectUntouched,
  harm,
  payloads,
  places,
  put,
  renamed,
  SHAPES,
  tripwires
} from './hostile';
import { SCREENS, type IScreen } from './screens';

const PAYLOADS = payloads();
const ALL = process.env.HOSTILE === 'all';
/** Of so many cases one is tried. */
const some = (of: number) => (_: unknown, i: number) => ALL || i % of === 0;
const LONG = { timeout: 600_000 };
let host: HTMLElement;
let wires: ReturnType<typeof tripwires>;

beforeAll(() => void (wires = tripwires()));
afterAll(() => wires.remove());
beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
});
afterEach(() => {
  expect(wires.sprung).toEqual([]);
  expectUntouched();
  host.remove();
});

type Case = [string, unknown];

/** Show each of them, touch what can be touched, and say what is wrong with what there is then. */
async function harms(screen: IScreen, cases: Iterable<Case>): Promise<string[]> {
  const found: string[] = [];
  let count = 0;
  for (const [where, json] of cases) {
    found.push(...(await harmOf(screen, json)).map(each => `${where}: ${each}`));
    if (found.length > 20) {
      break; // enough to see what is wrong
    }
    if (++count % 8 === 0) {
      await new Promise(resolve => setTimeout(resolve)); // happy-dom keeps what it has found until the end of a task
    }
  }
  return found;
}

async function harmOf(screen: IScreen, json: unknown): Promise<string[]> {
  let stop: () => void = () => undefined;
  try {
    stop = screen.mount(host, json);
    await settled(screen);
    press(host);
    await settled(screen);
    return harm(host);
  } catch (error) {
    return [error instanceof Error ? String(error.stack).slice(0, 400) : String(error)];
  } finally {
    stop();
    host.replaceChildren();
  }
}

/** A view that asks has its answer after some turns. */
async function settled(screen: IScreen): Promise<void> {
  for (let turn = 0; screen.asks && turn < 12; turn++) {
    await Promise.resolve();
  }
}

function press(host: HTMLElement): void {
  const first = [...host.querySelectorAll('button, .jm-node, [role="row"], summary')].slice(0, 3);
  for (const each of first) {
    each.dispatchEvent(new Event('click', { bubbles: true, cancelable: true }));
    each.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  }
}

function with_(name: string, attribute: string, value: string): Element {
  const element = document.createElement(name);
  element.setAttribute(attribute, value);
  return element;
}

test('there are more than 200 payloads, each another', () => {
  expect(new Set(PAYLOADS).size).toBe(PAYLOADS.length);
  expect(PAYLOADS.length).toBeGreaterThan(200);
});

test.each([
  ['an element of another sort', () => document.createElement('object')],
  ['a handler', () => with_('button', 'onclick', 'hacked=1')],
  ['an address', () => with_('div', 'href', 'javascript:hacked=1')],
  ['a source', () => with_('img', 'src', '//hacked.invalid/x.png')],
  ['a class out of data', () => with_('div', 'class', 'jm-x Hacked=1')],
  ['a name that hides a property', () => with_('input', 'name', '__proto__')],
  ['a picture in a style', () => with_('div', 'style', 'background: url(//hacked.invalid)')],
  ['a second rule in a style', () => with_('div', 'style', 'color: red; } * { x: y')],
  ['a number that is none', () => with_('rect', 'width', 'NaN')],
  ['a path that ends early', () => with_('path', 'd', 'M0 0" onload="x')],
  ['a fill from elsewhere', () => with_('path', 'fill', 'url(//hacked.invalid)')]
])('the proof finds %s', (_, make) => {
  host.append(make());
  expect(harm(host).length).toBe(1);
});

test('the tripwires are sprung', () => {
  host.innerHTML = '<b>x</b>';
  void fetch('x');
  host.insertAdjacentHTML('beforeend', 'x');
  expect(wires.sprung.splice(0)).toEqual(['innerHTML', 'fetch', 'insertAdjacentHTML']);
});

describe.each(SCREENS.map(screen => [screen.name, screen] as const))('%s', (_, screen) => {
  const ways = places(screen.sample).filter(way => way.length <= (screen.deep ?? 99));
  const named = (way: (string | number)[]) => way.join('.') || 'all of it';

  test('is shown as it was meant', async () => {
    expect(await harms(screen, [['sample', screen.sample]])).toEqual([]);
    const stop = screen.mount(host, screen.sample);
    await settled(screen);
    expect(host.textContent).toMatch(screen.shows);
    stop();
    expect(host.children.length).toBe(0);
  });

  test('takes every payload in all its fields', LONG, async () => {
    const cases = PAYLOADS.map((payload, i): Case => [
      `all are payload ${i}`,
      everywhere(screen.sample, payload, true)
    ]);
    expect(await harms(screen, cases)).toEqual([]);
  });

  test('takes payloads in its texts, its numbers as they were', LONG, async () => {
    const cases = PAYLOADS.map((payload, i): Case => [
      `texts are payload ${i}`,
      everywhere(screen.sample, payload)
    ]);
    expect(await harms(screen, cases.filter(some(4)))).toEqual([]);
  });

  test('takes payloads in each place by itself', LONG, async () => {
    const cases = ways.flatMap(way =>
      PAYLOADS.map((payload, i): Case => [`${named(way)} is payload ${i}`, put(screen.sample, way, payload)])
    );
    expect(await harms(screen, cases.filter(some(47)))).toEqual([]);
  });

  test('takes wrong types in every place', LONG, async () => {
    const cases = ways.flatMap(way =>
      SHAPES.map(([name, value]): Case => [`${named(way)} is ${name}`, put(screen.sample, way, value)])
    );
    expect(await harms(screen, cases.filter(some(5)))).toEqual([]);
  });

  test('takes payloads for keys', LONG, async () => {
    const cases = ways
      .filter(way => typeof way[way.length - 1] === 'string')
      .flatMap(way =>
        PAYLOADS.map((payload, i): Case => [
          `key ${named(way)} is payload ${i}`,
          renamed(screen.sample, way, payload)
        ])
      );
    expect(await harms(screen, cases.filter(some(101)))).toEqual([]);
  });
});
