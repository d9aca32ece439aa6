/**
 * The script of a run's page: the graph that can be moved and searched, in place of the still picture. It asks nothing of anyone: what
 * it draws stands in the page.
 */

import '../../style/dag.css';

import { type IPicture, type IRequest, type ISource, Store } from '../dag/model';
import { REQUEST } from '../dag/request';
import { mount } from '../dag/view';

class Still implements ISource {
  constructor(data: unknown) {
    this._store.put(data);
  }
  picture(): IPicture | null {
    return this._store.picture;
  }
  live(): boolean {
    return true; // as true as it will ever be
  }
  listen(): () => void {
    return () => undefined;
  }
  request(): void {
    // answered on the page
  }
  private readonly _store = new Store();
}

/** The row of a block, in sight and marked. */
function open(block: string): void {
  const rows = [...document.querySelectorAll<HTMLElement>('tr[data-block]')];
  rows.forEach(row => row.classList.toggle('seen', row.dataset.block === block));
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const row = rows.find(each => each.dataset.block === block);
  row?.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' });
  for (const log of document.querySelectorAll<HTMLDetailsElement>('details[data-log]')) {
    if (log.dataset.log === block) {
      log.open = true;
    }
  }
}

function dress(dark: MediaQueryList): void {
  document.body.dataset.jpThemeLight = String(!dark.matches); // the drawing's colours are told as in JupyterLab
}

function start(): void {
  const host = document.getElementById('jm-graph');
  const source = new Still(JSON.parse(document.getElementById('jm-picture')?.textContent ?? 'null'));
  if (!host || !source.picture()?.nodes.length) {
    return;
  }
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dress(dark);
  dark.addEventListener('change', () => dress(dark));
  host.addEventListener(REQUEST, event => {
    const { action, block } = (event as CustomEvent<IRequest>).detail;
    if (action === 'open' && block) {
      open(block);
    }
    event.preventDefault();
  });
  const still = [...host.childNodes];
  const live = document.createElement('div');
  host.append(live);
  mount(live, source, { most: () => Math.max(320, innerHeight * 0.7) });
  host.classList.remove('still');
  for (const each of still) {
    (each as Element).classList.add('jm-still'); // on paper, where nothing moves, the still picture is the better one
  }
  printed();
}

/** So many logs are printed whole; of more, only those that are open. */
const PRINTED = 100;

/** Closed logs are opened for the paper, and closed again after it. */
function printed(): void {
  const logs = [...document.querySelectorAll<HTMLDetailsElement>('details[data-log]')];
  let opened: HTMLDetailsElement[] = [];
  addEventListener('beforeprint', () => {
    opened = logs.length > PRINTED ? [] : logs.filter(log => !log.open);
    opened.forEach(log => (log.open = true));
  });
  addEventListener('afterprint', () => opened.forEach(log => (log.open = false)));
}

start();
