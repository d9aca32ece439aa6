/** A menu, as every desktop has it: by mouse, finger or keyboard, with menus inside. It knows nothing of blocks. */

import { html, svg } from './dom';

export interface IItem {
  label: string;
  /** A path in a box of 16, drawn as a line. */
  sign?: string;
  /** The sign's colour. */
  colour?: string;
  does?: () => void;
  items?: Entry[];
  /** Of a choice: whether it is the one. */
  checked?: boolean;
  /** Why it cannot be chosen now. It is shown, and said, and does nothing. */
  refused?: string;
  /** What a person would type for it; or a promise of it. */
  command?: string | (() => Promise<string>);
  /** The keys that do the same. */
  keys?: string;
}

export type Entry = IItem | 'line';

/** The line at the foot that shows the command of the item that is pointed at. */
export interface IFoot {
  readonly root: HTMLElement;
  say(text: string): void;
}

export interface IMenu {
  label: string;
  entries: Entry[];
  /** Where it opens, on the page. */
  x: number;
  y: number;
  foot?: IFoot | undefined;
  /** Called when it is closed; whether by a choice or not, the keyboard goes back to where it was. */
  closed?: () => void;
}

/** Milliseconds in which the keyboard may be taken from a menu that has just opened, and is taken back. */
const TAKEN = 400;

/** One menu is open at a time, on the whole page. */
let open: (() => void) | null = null;

/** Opens a menu; what it answers closes it. */
export function openMenu(menu: IMenu): () => void {
  open?.();
  const back = document.activeElement;
  const layer = html('div', { class: 'jm-root jm-menus' });
  const stop = new AbortController();
  const on = { signal: stop.signal, capture: true };
  const close = () => {
    if (open !== close) {
      return;
    }
    open = null;
    stop.abort();
    const held = layer.contains(document.activeElement) || document.activeElement === document.body;
    layer.remove();
    if (held && (back instanceof HTMLElement || back instanceof SVGElement) && back.isConnected) {
      back.focus({ preventScroll: true });
    }
    menu.closed?.();
  };
  open = close;
  document.body.append(layer);
  const first = new Level(layer, menu, null, close);
  first.place(menu.x, menu.y);
  first.focus(0);
  const outside = (event: Event) => !layer.contains(event.target as Node);
  const opened = performance.now();
  document.addEventListener('pointerdown', event => outside(event) && close(), on);
  window.addEventListener('blur', event => event.target === window && close(), on);
  window.addEventListener('resize', close, on);
  document.addEventListener('wheel', event => outside(event) && close(), { ...on, passive: true });
  // who is pressed takes the keyboard after the menu has opened: a notebook does, and its keys delete cells
  const taken = (event: FocusEvent) => {
    if (outside(event) && performance.now() - opened < TAKEN) {
      first.focus(0);
    } else if (outside(event)) {
      close();
    }
  };
  document.addEventListener('focusin', taken, on);
  const elsewhere = (event: KeyboardEvent) => {
    if (outside(event)) {
      event.preventDefault();
      event.stopPropagation();
      if (event.key === 'Escape') {
        close();
      } else {
        first.focus(0);
      }
    }
  };
  window.addEventListener('keydown', elsewhere, on);
  return close;
}

let made = 0;

function mark(path: string): SVGSVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', width: 12, height: 12, class: 'jm-mark', 'aria-hidden': 'true' },
    svg('path', { d: path })
  );
}

/** A menu, or one that an item of it opens. */
class Level {
  constructor(
    private readonly layer: HTMLElement,
    private readonly menu: IMenu,
    private readonly parent: Level | null,
    private readonly close: () => void
  ) {
    this._list.setAttribute('aria-label', menu.label);
    for (const entry of menu.entries) {
      if (entry === 'line') {
        this._list.append(html('li', { role: 'separator' }));
      } else {
        this._list.append(this._item(entry));
      }
    }
    this.box.append(this._list, this._why);
    if (menu.foot && !parent) {
      this.box.append(menu.foot.root);
      menu.foot.say('');
    }
    this.box.addEventListener('keydown', event => this._key(event));
    this.box.addEventListener('contextmenu', event => event.preventDefault());
    layer.append(this.box);
  }

  /** At this point of the page, or where there is room beside it. */
  place(x: number, y: number, width = 0): void {
    const rtl = getComputedStyle(this.layer).direction === 'rtl';
    const { offsetWidth, offsetHeight } = this.box;
    const [right, left] = [x + width, x - offsetWidth];
    const fits = (at: number) => at >= 4 && at + offsetWidth <= window.innerWidth - 4;
    const wanted = rtl ? [left, right] : [right, left];
    const at = wanted.find(fits) ?? Math.max(4, window.innerWidth - offsetWidth - 4);
    this.box.style.left = `${at}px`;
    this.box.style.top = `${Math.max(4, Math.min(y, window.innerHeight - offsetHeight - 4))}px`;
  }

  /** Up, where it has grown out of the page. */
  private _clamp(): void {
    const { bottom, top } = this.box.getBoundingClientRect();
    const over = bottom - window.innerHeight + 4;
    if (over > 0) {
      this.box.style.top = `${Math.max(4, top - over)}px`;
    }
  }

  focus(at: number): void {
    const row = this._rows[(at + this._rows.length) % this._rows.length];
    if (row) {
      row.element.focus({ preventScroll: true });
      row.element.scrollIntoView?.({ block: 'nearest' });
    }
  }

  private _item(item: IItem): HTMLElement {
    const choice = item.checked !== undefined;
    const element = html('li', {
      role: choice ? 'menuitemradio' : 'menuitem',
      tabindex: -1,
      class: 'jm-item'
    });
    const sign = svg(
      'svg',
      { viewBox: '0 0 16 16', width: 15, height: 15, 'aria-hidden': 'true' },
      svg('path', { d: item.sign ?? '' })
    );
    if (item.colour) {
      sign.style.color = item.colour;
    }
    element.append(sign, html('span', { class: 'jm-word' }, item.label));
    if (item.keys) {
      element.append(html('kbd', { 'aria-hidden': 'true' }, item.keys));
      element.setAttribute('aria-keyshortcuts', item.keys);
    }
    if (choice) {
      element.setAttribute('aria-checked', String(item.checked));
      element.append(item.checked ? mark('M3.5 8.5l3 3l6 -6.5') : '');
    }
    if (item.refused) {
      element.setAttribute('aria-disabled', 'true');
      element.setAttribute('aria-description', item.refused);
    }
    if (item.items) {
      element.setAttribute('aria-haspopup', 'menu');
      element.setAttribute('aria-expanded', 'false');
      element.append(mark('M6 4l4 4l-4 4'));
    }
    const at = this._rows.push({ item, element }) - 1;
    element.addEventListener('focus', () => this._came(at));
    element.addEventListener('pointerenter', event => {
      if (event.pointerType !== 'touch') {
        element.focus({ preventScroll: true });
        if (item.items && !item.refused) {
          this._into(at, false);
        }
      }
    });
    element.addEventListener('click', () => this._choose(at));
    return element;
  }

  /** The keyboard or the mouse came to an item: its command is shown, or why it cannot be. */
  private _came(at: number): void {
    this._at = at;
    const item = this._rows[at]?.item;
    if (this._inner && this._innerOf !== at) {
      this._inner.remove();
      this._inner = null;
    }
    this._why.textContent = item?.refused ?? '';
    const root = this._root();
    const show = (text: string) => {
      root.menu.foot?.say(text);
      root._clamp();
    };
    const command = item?.refused ? '' : item?.command;
    if (typeof command === 'function') {
      const asked = ++made;
      this._asked = asked;
      void command().then(text => this._asked === asked && this._at === at && show(text));
    } else {
      this._asked = 0;
      show(command ?? '');
    }
  }

  private _root(): Level {
    return this.parent ? this.parent._root() : this;
  }

  private _choose(at: number): void {
    const item = this._rows[at]?.item;
    if (!item || item.refused) {
      return;
    }
    if (item.items) {
      this._into(at, true);
    } else {
      this.close();
      item.does?.();
    }
  }

  private _into(at: number, focus: boolean): void {
    const row = this._rows[at];
    if (!row?.item.items) {
      return;
    }
    if (!this._inner || this._innerOf !== at) {
      this._inner?.remove();
      const box = row.element.getBoundingClientRect();
      const inner = { label: row.item.label, entries: row.item.items, x: 0, y: 0 };
      this._inner = new Level(this.layer, inner, this, this.close);
      this._innerOf = at;
      this._inner.place(box.left, box.top - 5, box.width);
      row.element.setAttribute('aria-expanded', 'true');
    }
    if (focus) {
      const chosen = this._inner._rows.findIndex(each => each.item.checked);
      this._inner.focus(Math.max(0, chosen));
    }
  }

  private remove(): void {
    this._inner?.remove();
    this.parent?._rows[this.parent._innerOf]?.element.setAttribute('aria-expanded', 'false');
    this.box.remove();
  }

  private _back(): void {
    const { parent } = this;
    if (parent) {
      parent.focus(parent._innerOf);
      parent._inner = null;
      this.remove();
    }
  }

  private _key(event: KeyboardEvent): void {
    const rtl = getComputedStyle(this.layer).direction === 'rtl';
    const [into, back] = rtl ? ['ArrowLeft', 'ArrowRight'] : ['ArrowRight', 'ArrowLeft'];
    const inFoot = this.menu.foot?.root.contains(event.target as Node) === true;
    event.stopPropagation();
    if (event.key === 'Escape') {
      if (this.parent) {
        this._back();
      } else {
        this.close();
      }
    } else if (event.key === 'Tab') {
      this._tab(inFoot);
    } else if (inFoot) {
      return;
    } else if (event.key === 'ArrowDown') {
      this.focus(this._at + 1);
    } else if (event.key === 'ArrowUp') {
      this.focus(this._at - 1);
    } else if (event.key === 'Home' || event.key === 'End') {
      this.focus(event.key === 'Home' ? 0 : -1);
    } else if (event.key === 'Enter' || event.key === ' ') {
      this._choose(this._at);
    } else if (event.key === into) {
      this._into(this._at, true);
    } else if (event.key === back) {
      this._back();
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this._type(event.key);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Tab goes to the command at the foot, to copy it, and back. */
  private _tab(inFoot: boolean): void {
    const root = this._root();
    const copy = root.menu.foot?.root.querySelector('button');
    if (!inFoot && copy && !root.menu.foot?.root.hidden) {
      copy.focus();
    } else {
      this.focus(this._at);
    }
  }

  /** A letter goes to the next item that begins with it. */
  private _type(letter: string): void {
    const wanted = letter.toLocaleLowerCase();
    for (let step = 1; step <= this._rows.length; step++) {
      const at = (this._at + step) % this._rows.length;
      if (this._rows[at]?.item.label.toLocaleLowerCase().startsWith(wanted)) {
        this.focus(at);
        return;
      }
    }
  }

  readonly box = html('div', { class: 'jm-menu' });
  private readonly _list = html('ul', { role: 'menu' });
  private readonly _why = html('div', { class: 'jm-why' });
  private readonly _rows: { item: IItem; element: HTMLElement }[] = [];
  private _at = 0;
  private _asked = 0;
  private _inner: Level | null = null;
  private _innerOf = -1;
}
