import { afterEach, beforeEach, expect, test } from 'vitest';

import { mountList } from './list';
import { fits } from './listtools';
import { type INode } from './model';
import { Fake, sample } from './sample';

let host: HTMLElement;
let source: Fake;
let unmount: () => void;

beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
  source = new Fake();
  source.store.put(sample());
  unmount = mountList(host, source, { tools: true });
});

afterEach(() => {
  unmount();
  expect(host.childElementCount).toBe(0);
  document.body.replaceChildren();
});

const rows = () => [...host.querySelectorAll<HTMLElement>('li')].filter(each => !each.hidden);
const shown = () => rows().map(each => each.dataset.block);
const filter = (text: string) => {
  const field = host.querySelector<HTMLInputElement>('input[type=search]');
  if (field) {
    field.value = text;
    field.dispatchEvent(new Event('input'));
  }
};
const choose = (block: string, shiftKey = false) =>
  host
    .querySelector(`li[data-block="${block}"] input`)
    ?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey }));
const button = (label: string) =>
  [...host.querySelectorAll('button')].find(each => each.getAttribute('aria-label') === label);
const item = (label: string) =>
  [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].find(
    each => each.querySelector('.jm-word')?.textContent === label
  );
const press = (element: Element | null, key: string, more: KeyboardEventInit = {}) =>
  element?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));

test('blocks are filtered by what they are and how they stand, every word of it', () => {
  const [clean] = source.store.picture?.nodes.slice(2) ?? [];
  const node = { ...(clean as INode), tags: ['daily'] };
  const state = source.store.picture?.states.get('clean');
  const asked = [
    'cle',
    'transf',
    'tag:dai',
    'state:waiting',
    'queued py',
    'cle kind:custom',
    'tag:raw',
    'name:daily'
  ];
  expect(asked.map(each => fits(each, node, state))).toEqual([
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false
  ]);
  filter('running');
  expect([shown(), host.querySelector('.jm-found')?.textContent]).toEqual([['users'], '1 of 3']);
  source.store.put({ changes: 1, states: { users: { status: 'succeeded', detail: '' } } });
  expect(shown()).toEqual([]);
  filter('');
  expect(shown()).toEqual(['raw', 'users', 'clean']);
});

test('several are chosen, a range with Shift, and run with what is above them', () => {
  choose('raw');
  choose('clean', true);
  expect(host.querySelector('.jm-found')?.textContent).toBe('3 chosen');
  choose('users');
  button('Run some or all of them')?.click();
  item('Run with upstream')?.click();
  expect(source.requests).toEqual([{ action: 'run', selection: '+raw +clean' }]);
  button('Choose none')?.click();
  expect(host.querySelector('.jm-found')?.textContent).toBe('');
});

test('what is filtered runs where nothing is chosen; all, where nothing is filtered', () => {
  filter('name:users');
  button('Run some or all of them')?.click();
  item('Run with downstream')?.click();
  filter('');
  button('Run some or all of them')?.click();
  expect([...document.querySelectorAll('.jm-word')].map(each => each.textContent)).toEqual(['Run all']);
  item('Run all')?.click();
  expect(source.requests).toEqual([{ action: 'run', selection: 'users+' }, { action: 'run' }]);
});

test('a row has the menu of its block, by its button, the menu key or the mouse', () => {
  button('What can be done with raw')?.click();
  item('Rename…')?.click();
  press(host.querySelector('li[data-block="users"] .jm-jump'), 'F10', { shiftKey: true });
  item('Delete')?.click();
  host
    .querySelector('li[data-block="clean"]')
    ?.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }));
  item('Run this')?.click();
  expect(source.requests.map(each => [each.action, each.edit?.do, each.edit?.block ?? each.block])).toEqual([
    ['edit', 'rename', 'raw'],
    ['edit', 'delete', 'users'],
    ['run-block', undefined, 'clean']
  ]);
});

test('arrows go from row to row, and a new picture keeps the keyboard and the choice', () => {
  choose('users');
  host.querySelector<HTMLElement>('li[data-block="raw"] .jm-jump')?.focus();
  press(document.activeElement, 'ArrowDown');
  source.store.put(sample());
  expect(document.activeElement?.closest('li')?.dataset.block).toBe('users');
  expect([...host.querySelectorAll<HTMLInputElement>('li input')].map(each => each.checked)).toEqual([
    false,
    true,
    false
  ]);
});
