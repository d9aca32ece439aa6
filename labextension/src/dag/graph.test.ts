/** What a graph can do beside being drawn: parts out of sight, search, a part of it, groups, edges, and what is added. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { IGraph, IViewOptions } from './graph';
import { type IRequest } from './model';
import { REQUEST } from './request';
import { Fake, sample } from './sample';
import { mount } from './view';

let host: HTMLElement;
let source: Fake;
let graph: IGraph;
let unmount: () => void;

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(500);
  host = document.createElement('div');
  document.body.append(host);
  source = new Fake();
});

afterEach(() => {
  unmount();
  expect(host.innerHTML).toBe('');
  host.remove();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const draw = (picture: object, options: Partial<IViewOptions> = {}) => {
  source.store.put(picture);
  const keep = (given: IGraph) => {
    graph = given;
    return () => undefined;
  };
  unmount = mount(host, source, { most: () => 500, ...options, with: [keep, ...(options.with ?? [])] });
};
const all = (selector: string) => [...host.querySelectorAll<HTMLElement | SVGElement>(selector)];
const ids = (selector = '.jm-node') => all(selector).map(each => each.dataset.block ?? '');
const press = (key: string, more: KeyboardEventInit = {}, on: Element = graph.stage) =>
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
const on = () => document.activeElement as HTMLElement | SVGElement;
const key = (name: string, more: KeyboardEventInit = {}) => press(name, more, on());
const tool = (label: string) => all(`.jm-tools [aria-label="${label}"]`)[0] as HTMLButtonElement;

/** `n` blocks one below the other. */
function column(n: number): Record<string, unknown> {
  const one = sample();
  const [first] = one.nodes as Record<string, unknown>[];
  const nodes = Array.from({ length: n }, (_, i) => ({
    ...first,
    id: `b${i}`,
    label: `b${i}`,
    y: 16 + 120 * i
  }));
  const edges = nodes.slice(1).map((_, i) => ({
    source: `b${i}`,
    target: `b${i + 1}`,
    path: `M108 ${90 + 120 * i}L108 ${136 + 120 * i}`,
    tip: [108, 136 + 120 * i]
  }));
  return { ...one, key: 'column', size: [216, 32 + 120 * n], nodes, edges, states: {}, run: null };
}

test('of many blocks only those in sight, and the one with the keyboard, are in the page', () => {
  draw(column(400));
  const first = ids();
  expect([first.includes('b0'), first.length > 3, first.length < 60]).toEqual([true, true, true]);
  graph.camera.centre(100, 24_000);
  const later = ids();
  expect([later.includes('b0'), later.includes('b199'), later.includes('b3'), later.length < 60]).toEqual([
    true,
    true,
    false,
    true
  ]);
  expect(all('[tabindex="0"].jm-node').length).toBe(1);
});

test('the keyboard reaches blocks that are out of sight', () => {
  draw(column(400));
  graph.go('b0');
  key('End');
  expect([on().dataset.block, graph.current()?.id, ids().includes('b0')]).toEqual(['b399', 'b399', false]);
  key('ArrowUp');
  expect([on().dataset.block, all('.jm-node[tabindex="0"]').length]).toEqual(['b398', 1]);
});

test('a block out of sight is painted as it is when it comes into sight', () => {
  draw(column(400));
  source.store.put({ changes: 1, states: { b300: { status: 'failed', detail: 'KeyError' } } });
  graph.go('b300');
  expect(graph.element('b300')?.dataset.status).toBe('failed');
});

test('the same graph once more changes states and keeps every card', () => {
  draw({ ...sample(), key: 'one' });
  const card = graph.element('raw');
  source.store.put({ ...sample(), key: 'one', states: { raw: { status: 'failed', detail: 'x' } } });
  expect([
    graph.element('raw') === card,
    card?.dataset.status,
    graph.element('users')?.dataset.status
  ]).toEqual([true, 'failed', 'new']);
});

test('what runs is counted on from how long the kernel says that it has run', () => {
  vi.useFakeTimers();
  draw({ ...sample(), elapsed: { users: 83 } });
  const said = () => graph.element('users')?.querySelector('.jm-detail')?.textContent;
  expect(said()).toBe('running · 1 min 23 s');
  vi.advanceTimersByTime(5000);
  expect(said()).toBe('running · 1 min 28 s');
});

test.each([
  ['usr', []],
  ['USERS', ['users']],
  ['rows good', ['clean']],
  ['sql', ['raw']],
  ['daily', ['raw']],
  ['loader', ['users']]
])('a search for %j finds %j', (wanted, found) => {
  const picture = sample();
  const [raw, users] = picture.nodes as object[];
  Object.assign(raw ?? {}, { language: 'sql', tags: ['daily'] });
  Object.assign(users ?? {}, { kind_label: 'loader' });
  draw(picture);
  graph.go('raw');
  key('/');
  const field = on() as HTMLInputElement;
  field.value = wanted;
  field.dispatchEvent(new Event('input'));
  expect(ids('.jm-node:not(.jm-faded)')).toEqual(found);
  key('Escape');
  expect([all('.jm-faded').length, on().dataset.block]).toEqual([0, 'raw']);
});

test('Enter goes from one match to the next, and around; Esc stays there', () => {
  draw(column(400));
  graph.go('b0');
  key('f', { ctrlKey: true });
  const field = on() as HTMLInputElement;
  field.value = 'b39';
  field.dispatchEvent(new Event('input'));
  const seen = () => host.querySelector('.jm-count')?.textContent;
  const steps = [seen()];
  for (const back of [false, false, true]) {
    key('Enter', { shiftKey: back });
    steps.push(seen());
  }
  expect(steps).toEqual(['11 found', '1 of 11', '2 of 11', '1 of 11']);
  key('Enter', { shiftKey: true });
  expect([seen(), host.querySelector('.jm-selected')?.getAttribute('data-block')]).toEqual([
    '11 of 11',
    'b399'
  ]);
  key('Escape');
  expect(on().dataset.block).toBe('b399');
});

test('F leaves only what a block needs and what needs it; Esc ends that', () => {
  const picture = column(5);
  Object.assign((picture.edges as object[])[3] ?? {}, { source: 'b1' }); // b4 needs b1; b2 and b3 stand beside that
  draw(picture);
  graph.go('b4');
  key('f');
  const faded = () => ids('.jm-node.jm-faded');
  expect([faded(), host.querySelector('.jm-scope span')?.textContent]).toEqual([
    ['b2', 'b3'],
    'b4: 3 of 5 blocks'
  ]);
  (all('.jm-scope button')[2] as HTMLButtonElement).click();
  expect(faded()).toEqual(['b0', 'b1', 'b2', 'b3']);
  graph.go('b4');
  key('Escape');
  expect([faded(), (host.querySelector('.jm-scope') as HTMLElement).hidden]).toEqual([[], true]);
});

const grouped = () => {
  const picture = sample();
  const [raw, , clean] = picture.nodes as Record<string, unknown>[];
  const group = {
    ...raw,
    id: 'group:in',
    label: 'in',
    title: 'in',
    kind: 'group',
    kind_label: 'group',
    members: ['raw', 'users']
  };
  const edge = { ...(picture.edges as object[])[0], source: 'group:in' };
  const groups = [{ name: 'in', members: ['raw', 'users'] }];
  return { ...picture, groups, closed: { size: [216, 330], nodes: [group, clean], edges: [edge] } };
};

test('groups close to one card that tells of its blocks, and open where they were', () => {
  draw(grouped());
  graph.go('raw');
  key('g');
  expect(ids()).toEqual(['group:in', 'clean']);
  const card = graph.element('group:in');
  expect([card?.dataset.status, card?.querySelector('.jm-kind')?.textContent]).toEqual([
    'running',
    '2 blocks'
  ]);
  source.store.put({ changes: 1, states: { users: { status: 'failed', detail: 'x' } } });
  expect([card?.dataset.status, card?.querySelector('.jm-detail')?.textContent]).toEqual([
    'failed',
    '1 failed · 1 of 2 done'
  ]);
  graph.go('group:in');
  key('Enter');
  expect([ids(), on().dataset.block, source.requests]).toEqual([['raw', 'users', 'clean'], 'raw', []]);
});

test('a pipeline without groups has no button for them', () => {
  draw(sample());
  expect(tool('Close the groups').hidden).toBe(true);
});

test('the mini-map is there while not everything is seen, and a press on it goes there', () => {
  draw(column(400));
  const map = host.querySelector('.jm-minimap') as HTMLElement;
  expect(map.hidden).toBe(false);
  const before = graph.camera.y;
  map.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0, clientX: 1, clientY: 50 }));
  expect(graph.camera.y).toBeLessThan(before - 1000);
  tool('Show the whole pipeline').click();
  expect(map.hidden).toBe(true);
});

const FLOW = { shape: '12 480 × 19', size: '48 MB', change: '−20 %', alert: 'loss', before: '15 602 × 19' };
const SAID = '12 480 × 19, 48 MB, lost rows: −20 % since the last good run, which had 15 602 × 19';
const flowing = () => {
  const picture = sample();
  Object.assign(picture.states as object, {
    raw: { status: 'succeeded', detail: '12 480 × 19 · 0.31 s', flow: FLOW }
  });
  return picture;
};

test('what flows stands where it leaves its block, with a sign and words; time stays on the card', () => {
  draw(flowing());
  const card = graph.element('raw');
  expect([
    card?.querySelector('.jm-passes')?.textContent,
    card?.querySelector('.jm-detail')?.textContent
  ]).toEqual(['12 480 × 19 · ▼ −20 %', '0.31 s']);
  expect(all('.jm-edge').map(each => [each.dataset.alert, each.getAttribute('aria-label')])).toEqual([
    ['loss', `raw to clean: ${SAID}`],
    ['', 'users to clean: nothing has flowed yet']
  ]);
});

test('the keyboard goes onto edges, along their siblings and to their ends', () => {
  draw(flowing());
  graph.go('clean');
  key('ArrowUp', { shiftKey: true });
  const edge = () => [on().dataset.source, on().dataset.target];
  const seen = [edge()];
  key('ArrowRight');
  seen.push(edge());
  key('ArrowRight');
  expect([...seen, edge()]).toEqual([
    ['raw', 'clean'],
    ['users', 'clean'],
    ['raw', 'clean']
  ]);
  expect(host.querySelector<HTMLElement>('.jm-hint')?.textContent).toBe(`raw → clean${SAID}`);
  key('ArrowUp');
  expect(on().dataset.block).toBe('raw');
});

test('an opened edge is asked of the page, and explained here where nobody on it knows more', () => {
  draw(flowing());
  const asked: IRequest[] = [];
  const take = (event: Event) => {
    asked.push((event as CustomEvent<IRequest>).detail);
    event.preventDefault();
  };
  graph.go('raw');
  key('ArrowDown', { shiftKey: true });
  document.addEventListener(REQUEST, take);
  key('Enter');
  document.removeEventListener(REQUEST, take);
  const box = host.querySelector('.jm-facts') as HTMLElement;
  expect([asked, box.hidden]).toEqual([
    [{ action: 'show', view: 'data', subject: { block: 'raw', target: 'clean' } }],
    true
  ]);
  key('Enter');
  expect([box.hidden, box.getAttribute('aria-label'), on() === box]).toEqual([
    false,
    `raw to clean: ${SAID}`,
    true
  ]);
  key('Escape');
  expect([box.hidden, on().dataset.source]).toEqual([true, 'raw']);
  expect(source.requests).toEqual([]);
});

test('a menu is asked for by the right button, the menu key and Shift-F10', () => {
  const wanted: (string | undefined)[] = [];
  draw(sample(), {
    onContext: (node, event, edge) => wanted.push(`${event.type} ${node?.id ?? edge?.source}`)
  });
  vi.spyOn(graph.stage, 'getBoundingClientRect').mockReturnValue({ left: 0, top: 0 } as DOMRect);
  const at = (x: number, y: number) => {
    const { camera } = graph;
    const place = { clientX: x * camera.scale + camera.x, clientY: y * camera.scale + camera.y };
    graph.stage.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, ...place }));
  };
  at(20, 20);
  at(430, 320);
  at(0, 5); // on the line of an edge
  graph.go('users');
  key('ContextMenu');
  key('F10', { shiftKey: true });
  expect(wanted).toEqual([
    'contextmenu raw',
    'contextmenu undefined',
    'contextmenu users',
    'keydown users',
    'keydown users'
  ]);
});

test('a press on a port is told, and does not move the drawing', () => {
  const pressed: unknown[] = [];
  draw(sample(), { onPort: (node, side) => pressed.push([node.id, side]) });
  const port = graph.element('raw')?.querySelector('.jm-port[data-side="out"]');
  const before = graph.camera.x;
  port?.dispatchEvent(
    new PointerEvent('pointerdown', { bubbles: true, button: 0, clientX: 10, clientY: 10 })
  );
  graph.stage.dispatchEvent(
    new PointerEvent('pointermove', { bubbles: true, buttons: 1, clientX: 90, clientY: 10 })
  );
  expect([pressed, graph.camera.x]).toEqual([[['raw', 'out']], before]);
});

test('without a menu and ports there are none', () => {
  draw(sample());
  expect(all('.jm-port').length).toBe(0);
  graph.go('raw');
  expect(key('F10', { shiftKey: true })).toBe(true);
});

test('what is added gets the keys first, its own button, and is taken away', () => {
  const seen: string[] = [];
  draw(sample(), {
    with: [
      given => {
        const button = given.tool(document.createElement('button'));
        const stop = given.onKey(event => event.key === 'x' && seen.push('x') > 0);
        return () => {
          button();
          stop();
          seen.push('gone');
        };
      }
    ]
  });
  graph.go('raw');
  expect([key('x'), key('y'), seen]).toEqual([false, true, ['x']]);
  unmount();
  expect(seen).toEqual(['x', 'gone']);
});

test('? shows what the keys do, and takes it away', () => {
  draw(sample());
  graph.go('raw');
  key('?');
  const help = host.querySelector('.jm-help') as HTMLElement;
  expect([help.hidden, on() === help, help.querySelectorAll('dt').length]).toEqual([false, true, 8]);
  key('Escape');
  expect([help.hidden, on().dataset.block]).toEqual([true, 'raw']);
});

test('a card tells its kind by a sign, tests passed, and states of its own for leaks and what runs when asked', () => {
  const picture = sample();
  const [raw, users] = picture.nodes as object[];
  Object.assign(raw ?? {}, { tests: 2, kind: 'data_loader' });
  Object.assign(users ?? {}, { tests: 1, kind: 'nothing known' });
  picture.states = {
    raw: { status: 'leaky', detail: 'reads tmp from cell [4]', passed: 2 },
    users: { status: 'manual', detail: 'runs when asked' }
  };
  draw(picture);
  const of = (id: string, selector: string) => graph.element(id)?.querySelector(selector)?.textContent;
  expect([of('raw', '.jm-kind'), of('users', '.jm-kind')]).toEqual([
    'transformer · 2/2 tests',
    'transformer · 1 test'
  ]);
  expect(graph.element('raw')?.getAttribute('aria-label')).toBe(
    'raw: transformer, python, leaky, reads tmp from cell [4], 2 of 2 tests passed'
  );
  expect(graph.element('users')?.getAttribute('aria-label')).toBe(
    'users: transformer, python, runs when asked'
  );
  const sign = (id: string) => graph.element(id)?.querySelector('.jm-tile path')?.getAttribute('d');
  expect([sign('raw') !== sign('users'), sign('users')?.length !== 0]).toEqual([true, true]);
});
