/** A row of tabs and the view of the one that is chosen. A view is made when it is first seen, and kept. */

import { html, svg } from '../dag/dom';
import type { ISubject } from '../dag/model';
import { words } from '../dag/words';
import type { IContext, IMounted, IView } from './view';

interface ITab {
  view: IView;
  button: HTMLButtonElement;
  page: HTMLElement;
  mounted: IMounted | null;
}

let made = 0;

export class Tabs {
  /** The row of tabs. */
  readonly row = html('div', { class: 'jm-root jm-tabs', role: 'tablist', 'aria-label': words('Pipeline') });
  /** Where the views stand. */
  readonly pages = html('div', { class: 'jm-root jm-pages' });

  constructor(
    views: readonly IView[],
    context: Omit<IContext, 'show'>,
    /** Told of each change, so that a host may remember it. */
    private readonly chosen: (view: string) => void = () => undefined
  ) {
    this._context = { ...context, show: (view, subject) => this.show(view, subject) };
    for (const view of views) {
      this._add(view);
    }
    this.row.addEventListener('keydown', event => this._key(event));
    this._choose(this._tabs[0]);
  }

  get current(): IView {
    return this._current.view;
  }

  /** Go to a view, at something. A name that is not there changes nothing. */
  show(view: string, subject?: ISubject): void {
    const tab = this._tabs.find(each => each.view.id === view);
    if (tab) {
      this._choose(tab);
      if (subject) {
        tab.mounted?.open?.(subject);
      }
    }
  }

  /** The keyboard goes to the chosen tab. */
  focus(): void {
    this._current.button.focus();
  }

  /** The panel came into sight or left it. */
  seen(yes: boolean): void {
    this._seen = yes;
    this._current.mounted?.seen?.(yes);
  }

  dispose(): void {
    this._tabs.forEach(tab => tab.mounted?.unmount());
  }

  private _add(view: IView): void {
    const id = `jm-tab-${++made}`;
    const label = words(view.label);
    const button = html(
      'button',
      { type: 'button', role: 'tab', id, title: label, 'aria-controls': `${id}-page`, tabindex: -1 },
      svg(
        'svg',
        { viewBox: '0 0 16 16', width: 15, height: 15, 'aria-hidden': 'true' },
        svg('path', { d: view.sign })
      ),
      html('span', {}, label)
    );
    button.dataset.view = view.id;
    const page = html('div', { class: 'jm-page', role: 'tabpanel', id: `${id}-page`, 'aria-labelledby': id });
    page.dataset.view = view.id;
    page.hidden = true;
    const tab: ITab = { view, button, page, mounted: null };
    button.addEventListener('click', () => this._choose(tab));
    this._tabs.push(tab);
    this.row.append(button);
    this.pages.append(page);
  }

  private _choose(tab: ITab | undefined): void {
    if (tab && this._current !== tab) {
      this._current?.mounted?.seen?.(false);
      this._current = tab;
      for (const each of this._tabs) {
        each.button.setAttribute('aria-selected', String(each === tab));
        each.button.tabIndex = each === tab ? 0 : -1;
        each.page.hidden = each !== tab;
      }
      tab.mounted ??= tab.view.mount(tab.page, this._context);
      if (this._seen) {
        tab.mounted.seen?.(true);
      }
      this.chosen(tab.view.id);
    }
  }

  /** As in every row of tabs: arrows go along it, Home and End to its ends. */
  private _key(event: KeyboardEvent): void {
    const at = this._tabs.indexOf(this._current);
    const step = getComputedStyle(this.row).direction === 'rtl' ? -1 : 1;
    const last = this._tabs.length - 1;
    const goes: Record<string, number> = { ArrowRight: at + step, ArrowLeft: at - step, Home: 0, End: last };
    const next = goes[event.key];
    if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const tab = this._tabs[(next + this._tabs.length) % this._tabs.length];
    this._choose(tab);
    tab?.button.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  private readonly _tabs: ITab[] = [];
  private readonly _context: IContext;
  private _current!: ITab;
  private _seen = false;
}
