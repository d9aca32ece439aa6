import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { editing, partners } from './editing';
import { type IEdit, type IRequest, type ISource, type ITold, readPicture, Store } from './model';
import { REQUEST } from './request';
import { sample } from './sample';
import { mount } from './view';

class Fake implements ISource {
  readonly store = new Store();
  alive = true;
  picture = () => this.store.picture;
  live = () => this.alive;
  listen = (listener: Parameters<Store['listen']>[0]) => this.store.listen(listener);
  request = () => undefined;
}

let host: HTMLElement;
let source: Fake;
let asked: IRequest[];
let answer: ITold;
let unmount: () => void;
const take = (event: Event) => {
  const request = (event as CustomEvent<IRequest>).detail;
  asked.push(request);
  request.told?.(answer);
  event.preventDefault();
};
const foot = () => {
  const root = document.createElement('code');
  return { root, say: (text: string) => void (root.textContent = text) };
};

beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
  source = new Fake();
  source.store.put(sample());
  asked = [];
  answer = { command: '%%block clean(raw)', notes: [] };
  document.addEventListener(REQUEST, take);
  const edits = editing(foot);
  unmount = mount(host, source, { ...edits, most: () => 400 });
});

afterEach(() => {
  unmount();
  document.removeEventListener(REQUEST, take);
  document.body.replaceChildren();
});

const node = (id: string) => host.querySelector<SVGGElement>(`.jm-node[data-block="${id}"]`);
const press = (key: string, more: KeyboardEventInit = {}) =>
  document.activeElement?.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  );
const edits = (): (IEdit | undefined)[] =>
  asked.filter(each => each.action === 'edit').map(each => each.edit);
const bar = () => host.querySelector<HTMLElement>('.jm-editbar');
const items = () => [...document.querySelectorAll('.jm-word')].map(each => each.textContent);

test('a block is connected with what it has not, and with nothing that would close a circle', () => {
  const picture = readPicture(sample());
  const found = (block: string, side: 'in' | 'out') => picture && [...partners(picture, block, side)];
  expect(found('raw', 'out')).toEqual(['users']); // clean has it
  expect(found('clean', 'out')).toEqual([]); // raw and users are above it
  expect(found('clean', 'in')).toEqual([]);
  expect(found('users', 'in')).toEqual(['raw']);
});

test('keys on a block ask for edits: rename, delete, add', () => {
  node('raw')?.focus();
  ['F2', 'Delete', 'a'].forEach(key => press(key));
  expect(edits()).toEqual([
    { do: 'rename', block: 'raw' },
    { do: 'delete', block: 'raw' },
    { do: 'add', block: 'raw' }
  ]);
});

test('what an edit came to is shown with its command, and can be taken back', () => {
  const undo = vi.fn();
  answer = { command: '%pipeline rename raw rows', notes: ['cell 7 says raw'], undo };
  node('raw')?.focus();
  press('F2');
  expect(bar()?.textContent).toBe('%pipeline rename raw rowscell 7 says rawUndo');
  expect(host.querySelector('.jm-dag .jm-spoken')?.textContent).toContain('%pipeline rename raw rows');
  press('z', { ctrlKey: true });
  expect([undo.mock.calls.length, bar()?.hidden]).toEqual([1, true]);
  press('z', { ctrlKey: true });
  expect(undo.mock.calls.length).toBe(1);
});

test('a refusal is shown, with what to type next', () => {
  answer = { command: '', notes: [], error: 'block clean is there already', hint: 'give it another name' };
  node('raw')?.focus();
  press('F2');
  expect(bar()?.querySelector('.jm-refused')?.textContent).toBe('block clean is there already');
  expect([bar()?.querySelector('code'), bar()?.textContent]).toEqual([
    null,
    'block clean is there alreadygive it another name'
  ]);
  answer = { command: '', notes: [], error: 'a def is Python', hint: '%pipeline carrier raw comment' };
  press('F2');
  expect(bar()?.querySelector('code')?.textContent).toBe('%pipeline carrier raw comment');
  press('Escape');
  expect(bar()?.hidden).toBe(true);
});

test('an edge is drawn by keyboard: C, to the block, Enter; Escape ends it', () => {
  node('raw')?.focus();
  press('c');
  expect(bar()?.textContent).toContain('Connect raw to');
  press('Escape');
  expect([edits(), bar()?.hidden]).toEqual([[], true]);
  press('c');
  press('ArrowRight');
  press('Enter');
  expect(edits()).toEqual([{ do: 'connect', block: 'users', to: 'raw' }]);
});

test('while a block is chosen the others are faded', () => {
  node('raw')?.focus();
  press('c');
  expect(['raw', 'users', 'clean'].map(id => node(id)?.classList.contains('jm-faded'))).toEqual([
    false,
    false,
    true
  ]);
  press('Escape');
  expect(node('clean')?.classList.contains('jm-faded')).toBe(false);
});

test('the menu key opens the menu of a block, and its items ask', () => {
  node('users')?.focus();
  press('F10', { shiftKey: true });
  expect(items()).toEqual([
    'Run this',
    'Run with upstream',
    'Run with downstream',
    'Run all',
    'Go to cell',
    'Show data',
    'Logs',
    'Rename…',
    'Change kind',
    'Change language',
    'Connect to…',
    'Add a block after',
    'Delete'
  ]);
  press('ArrowDown');
  press('Enter');
  press('F10', { shiftKey: true });
  press('l');
  press('Enter');
  expect(asked.filter(each => each.action !== 'edit')).toEqual([
    { action: 'run', selection: '+users' },
    { action: 'show', view: 'logs', subject: { block: 'users' } }
  ]);
});

test('a kind that is pointed at says its header before it is chosen', async () => {
  answer = { command: '%%block raw --kind sensor', notes: [] };
  node('raw')?.focus();
  press('ContextMenu');
  press('c');
  press('Enter');
  press('s');
  await vi.waitFor(() =>
    expect([...document.querySelectorAll('.jm-menu code')].map(each => each.textContent)).toEqual([
      '%%block raw --kind sensor'
    ])
  );
  expect(asked.at(-1)).toMatchObject({ edit: { do: 'kind', block: 'raw', to: 'sensor' }, dry: true });
  press('Enter');
  expect(asked.at(-1)?.dry).toBeUndefined();
});

test('Delete on an edge takes it out', () => {
  const edge = host.querySelector<SVGElement>('.jm-edge[data-source="users"]');
  edge?.focus();
  press('Delete');
  expect(edits()).toEqual([{ do: 'disconnect', block: 'clean', to: 'users' }]);
});

test('without a kernel nothing is asked, and the menu says why', () => {
  source.alive = false;
  source.store.tell(null);
  node('raw')?.focus();
  press('Delete');
  expect(bar()?.textContent).toContain('No kernel follows this graph');
  press('F10', { shiftKey: true });
  const refused = [...document.querySelectorAll('[aria-disabled=true] .jm-word')].map(
    each => each.textContent
  );
  expect(refused).not.toContain('Go to cell');
  expect(refused).toEqual(expect.arrayContaining(['Run this', 'Rename…', 'Connect to…', 'Delete']));
  expect(asked).toEqual([]);
});
