import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type Entry, openMenu } from './menu';

const done: string[] = [];
const entries = (): Entry[] => [
  { label: 'Run this', command: '%pipeline run raw', does: () => done.push('run') },
  {
    label: 'Rename…',
    command: () => Promise.resolve('%pipeline rename raw NEW'),
    does: () => done.push('rename')
  },
  'line',
  {
    label: 'Change kind',
    items: [
      { label: 'sensor', checked: false, does: () => done.push('sensor') },
      { label: 'custom', checked: true, refused: 'It is one already', does: () => done.push('custom') }
    ]
  },
  { label: 'Delete', refused: 'No kernel', does: () => done.push('delete') }
];
const said: string[] = [];
const foot = () => {
  const root = document.createElement('div');
  root.append(document.createElement('button'));
  return { root, say: (text: string) => void said.push(text) };
};

let opener: HTMLButtonElement;
let close: () => void;

beforeEach(() => {
  done.length = said.length = 0;
  opener = document.createElement('button');
  document.body.append(opener);
  opener.focus();
  close = openMenu({ label: 'raw', entries: entries(), x: 10, y: 10, foot: foot() });
});

afterEach(() => {
  close();
  opener.remove();
});

const focused = () => document.activeElement?.querySelector('.jm-word')?.textContent;
const press = (...keys: string[]) => {
  for (const key of keys) {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    document.activeElement?.dispatchEvent(event);
  }
};
const menus = () => document.querySelectorAll('[role=menu]').length;

test('a menu says what it is, takes the keyboard, and arrows go round it', () => {
  expect(document.querySelector('[role=menu]')?.getAttribute('aria-label')).toBe('raw');
  const went = [focused()];
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'Home', 'End', 'r']) {
    press(key);
    went.push(focused());
  }
  expect(went).toEqual([
    'Run this',
    'Rename…',
    'Change kind',
    'Delete',
    'Run this',
    'Delete',
    'Run this',
    'Delete',
    'Run this'
  ]);
});

test('Enter does the item, once, and the keyboard goes back to where it was', () => {
  press('ArrowDown', 'Enter');
  expect([done, menus(), document.activeElement]).toEqual([['rename'], 0, opener]);
});

test('Escape and a press elsewhere close it and do nothing', () => {
  press('Escape');
  expect([done, menus(), document.activeElement]).toEqual([[], 0, opener]);
  openMenu({ label: 'again', entries: entries(), x: 0, y: 0 });
  document.body.dispatchEvent(new Event('pointerdown', { bubbles: true }));
  expect([done, menus()]).toEqual([[], 0]);
});

test('a menu inside opens to the right, begins at the choice that there is, and goes back to the left', () => {
  press('ArrowDown', 'ArrowDown', 'ArrowRight');
  expect([menus(), focused()]).toEqual([2, 'custom']);
  expect(document.activeElement?.getAttribute('aria-checked')).toBe('true');
  press('ArrowLeft');
  expect([menus(), focused()]).toEqual([1, 'Change kind']);
  press('Enter', 'ArrowUp', 'Enter');
  expect([done, menus()]).toEqual([['sensor'], 0]);
});

test('an item that cannot be says why, and does nothing', () => {
  press('End', 'Enter', ' ');
  (document.activeElement as HTMLElement).click();
  expect(done).toEqual([]);
  expect(document.activeElement?.getAttribute('aria-disabled')).toBe('true');
  expect(document.activeElement?.getAttribute('aria-description')).toBe('No kernel');
  expect(document.querySelector('.jm-why')?.textContent).toBe('No kernel');
});

test('the command of the item stands at the foot, also one that is asked for, and Tab goes there', async () => {
  expect(said.at(-1)).toBe('%pipeline run raw');
  press('ArrowDown');
  await vi.waitFor(() => expect(said.at(-1)).toBe('%pipeline rename raw NEW'));
  press('Tab');
  expect(document.activeElement?.tagName).toBe('BUTTON');
  press('Tab');
  expect(focused()).toBe('Rename…');
});

test('a second menu takes the place of the first', () => {
  const second = openMenu({ label: 'other', entries: entries(), x: 0, y: 0 });
  expect([...document.querySelectorAll('[role=menu]')].map(each => each.getAttribute('aria-label'))).toEqual([
    'other'
  ]);
  second();
});
