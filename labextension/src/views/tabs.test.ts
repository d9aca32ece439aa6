import { expect, test } from 'vitest';

import { Store, type ISource } from '../dag/model';
import { Place } from './history';
import { Tabs } from './tabs';
import type { IView } from './view';

const data = { ask: async () => null, waits: () => '' };

const nothing: ISource = {
  picture: () => null,
  live: () => false,
  listen: listener => new Store().listen(listener),
  request: () => undefined
};

function setUp() {
  const said: string[] = [];
  const view = (id: string): IView => ({
    id,
    label: id,
    sign: 'M1 1',
    alone: true,
    mount: host => {
      said.push(`${id} made`);
      host.append(id);
      return {
        unmount: () => said.push(`${id} gone`),
        seen: yes => said.push(`${id} ${yes ? 'seen' : 'unseen'}`),
        open: subject => said.push(`${id} at ${subject.run}`)
      };
    }
  });
  const tabs = new Tabs(
    [view('one'), view('two'), view('three')],
    { source: nothing, data, history: null, place: new Place() },
    id => said.push(`> ${id}`)
  );
  document.body.replaceChildren(tabs.row, tabs.pages);
  const buttons = [...tabs.row.querySelectorAll('button')];
  return { said, tabs, buttons };
}

test('a view is made when it is first looked at, and told when it is seen', () => {
  const { said, tabs, buttons } = setUp();
  tabs.seen(true);
  buttons[1].click();
  buttons[0].click();
  tabs.dispose();
  expect(said).toEqual(
    [
      'one made',
      '> one',
      'one seen',
      'one unseen',
      'two made',
      'two seen',
      '> two',
      'two unseen',
      'one seen',
      '> one'
    ].concat(['one gone', 'two gone'])
  );
});

test('one tab is chosen, the others are out of the way of Tab', () => {
  const { tabs, buttons } = setUp();
  tabs.show('three', { run: 'r1' });
  expect(buttons.map(each => [each.getAttribute('aria-selected'), each.tabIndex])).toEqual([
    ['false', -1],
    ['false', -1],
    ['true', 0]
  ]);
  expect([...tabs.pages.children].map(page => (page as HTMLElement).hidden)).toEqual([true, true, false]);
});

test('a subject goes to the view that is shown; an unknown view changes nothing', () => {
  const { said, tabs } = setUp();
  tabs.show('two', { run: 'r1' });
  tabs.show('teapot', { run: 'r2' });
  expect([said.filter(each => each.includes(' at ')), tabs.current.id]).toEqual([['two at r1'], 'two']);
});

test('arrows go round, Home and End go to the ends', () => {
  const { tabs, buttons } = setUp();
  const press = (key: string) => {
    tabs.row.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    return tabs.current.id;
  };
  expect(['ArrowLeft', 'ArrowRight', 'End', 'Home'].map(press)).toEqual(['three', 'one', 'three', 'one']);
  expect(document.activeElement).toBe(buttons[0]);
});
