/** Every block on a line of its own: what it is, how it went, what can be done with it. Reads well where a drawing cannot. */

import { type IPlace, nodeEntries, runEntries } from './actions';
import { button, html, icon, lookOf } from './dom';
import { EditBar, type MakeFoot } from './editbar';
import { ListTools } from './listtools';
import { type IFoot, openMenu } from './menu';
import type { Changed, INode, ISource, IState } from './model';
import { ask } from './request';
import { describe } from './view';
import { words } from './words';

export interface IListOptions {
  /** Whether one can filter the list, and choose several. */
  tools?: boolean;
  /** A line that shows a command, ready to copy. */
  foot?: MakeFoot;
}

interface IRow {
  node: INode;
  row: HTMLElement;
  jump: HTMLElement;
  choose: HTMLInputElement;
  sign: HTMLElement;
  detail: HTMLElement;
  badge: HTMLElement;
  more: HTMLElement;
  shown: string;
}

export function mountList(host: HTMLElement, source: ISource, options: IListOptions = {}): () => void {
  const list = new List(host, source, options);
  return () => list.dispose();
}

class List {
  constructor(
    host: HTMLElement,
    private readonly source: ISource,
    options: IListOptions
  ) {
    this._foot = options.foot?.();
    this._bar = new EditBar(options.foot ?? null, text => (this._spoken.textContent = text));
    this._place = {
      source,
      request: request => ask(this._root, source, request),
      told: told => this._bar.tell(told)
    };
    this._tools = options.tools
      ? new ListTools(
          () => this._filter(),
          (x, y) => this._runMenu(x, y)
        )
      : null;
    this._root.classList.toggle('jm-chooses', this._tools !== null);
    if (this._tools) {
      host.append(this._tools.root);
    }
    host.append(this._bar.root, this._root, this._spoken);
    this._root.addEventListener('keydown', event => this._key(event));
    this._root.addEventListener('contextmenu', event => this._context(event));
    this._stop = source.listen(changed => this._update(changed));
    this._update(null);
  }

  dispose(): void {
    this._stop();
    this._tools?.root.remove();
    this._bar.root.remove();
    this._root.remove();
    this._spoken.remove();
  }

  // ---- rows

  private _make(node: INode): IRow {
    const sign = html('span', { class: 'jm-sign' });
    const detail = html('span', { class: 'jm-detail' });
    const badge = html(
      'span',
      { class: 'jm-badge', title: words('Made of a sample, not of all the data') },
      words('SAMPLE')
    );
    badge.hidden = true;
    const more = html('div', { class: 'jm-more' });
    const dot = html('span', { class: 'jm-dot' });
    dot.style.setProperty('background', node.colour);
    const where = node.cell === null ? '' : ` (${words('cell [{n}]', { n: node.cell })})`;
    const title = words('Go to the cell of {name}', { name: node.label }) + where;
    const jump = html(
      'button',
      { type: 'button', class: 'jm-jump', title },
      sign,
      dot,
      html('span', { class: 'jm-blockname' }, node.label),
      html('span', { class: 'jm-chip' }, node.chip),
      detail,
      badge
    );
    jump.addEventListener('click', () => ask(this._root, this.source, { action: 'open', block: node.id }));
    const play = button('run', words('Run {name}', { name: node.label }), () =>
      ask(this._root, this.source, { action: 'run-block', block: node.id })
    );
    const dots = button('more', words('What can be done with {name}', { name: node.label }), () => {
      const box = dots.getBoundingClientRect();
      this._menu(node, box.left, box.bottom);
    });
    dots.classList.add('jm-dots3');
    dots.setAttribute('aria-haspopup', 'menu');
    const choose = html('input', {
      type: 'checkbox',
      class: 'jm-choose',
      'aria-label': words('Choose {name}', { name: node.label })
    });
    choose.checked = this._chosen.has(node.id);
    choose.addEventListener('click', event => this._choose(node.id, choose.checked, event.shiftKey));
    const acts = html('span', { class: 'jm-acts' }, play, dots);
    const row = html('li', {}, html('div', { class: 'jm-row' }, choose, jump, acts), more);
    row.dataset.block = node.id;
    return { node, row, jump, choose, sign, detail, badge, more, shown: '' };
  }

  private _paint(row: IRow, state: IState | undefined): void {
    const status = state?.status ?? 'new';
    if (row.shown !== status) {
      row.sign.replaceChildren(icon(status));
      row.row.dataset.status = row.shown = status;
    }
    row.detail.textContent = state && (status !== 'new' || state.detail !== row.node.doc) ? short(state) : '';
    row.badge.hidden = !state?.sampled;
    const why = state?.error ?? (status === 'problem' ? state?.reason : undefined);
    row.more.textContent = why
      ? why + (state?.line ? `  (${words('line {n}', { n: state.line })})` : '')
      : '';
    const said = describe(row.node, state ?? { status, detail: '' });
    row.jump.setAttribute('aria-label', said.replaceAll('\n', ', '));
  }

  private _update(changed: Changed): void {
    const picture = this.source.picture();
    this._root.classList.toggle('jm-lost', !this.source.live());
    if (changed === null) {
      const held = (document.activeElement?.closest('li') as HTMLElement | null)?.dataset.block;
      const inside = this._root.contains(document.activeElement);
      const nodes = [...(picture?.nodes ?? [])].sort((a, b) => a.y - b.y || a.x - b.x);
      this._chosen = new Set(nodes.map(node => node.id).filter(id => this._chosen.has(id)));
      this._rows = new Map(nodes.map(node => [node.id, this._make(node)]));
      this._root.replaceChildren(...[...this._rows.values()].map(row => row.row));
      if (inside && held !== undefined) {
        this._rows.get(held)?.jump.focus({ preventScroll: true });
      }
    }
    for (const id of changed ?? this._rows.keys()) {
      const row = this._rows.get(id);
      if (row) {
        this._paint(row, picture?.states.get(id));
      }
    }
    this._filter();
  }

  // ---- which of them

  private _filter(): void {
    if (!this._tools) {
      return;
    }
    const states = this.source.picture()?.states;
    let seen = 0;
    for (const { node, row } of this._rows.values()) {
      const matches = this._tools.matches(node, states?.get(node.id));
      row.hidden = !matches;
      seen += matches ? 1 : 0;
    }
    this._root.classList.toggle('jm-choosing', this._chosen.size > 0);
    this._tools.say(seen, this._rows.size, this._chosen.size, () => this._unchoose());
  }

  private _choose(id: string, chosen: boolean, several: boolean): void {
    const ids = [...this._rows.values()].filter(row => !row.row.hidden).map(row => row.node.id);
    const from = several ? ids.indexOf(this._last) : -1;
    const at = ids.indexOf(id);
    const range = from < 0 ? [id] : ids.slice(Math.min(from, at), Math.max(from, at) + 1);
    for (const each of range) {
      const row = this._rows.get(each);
      if (row) {
        row.choose.checked = chosen;
      }
      this._chosen[chosen ? 'add' : 'delete'](each);
    }
    this._last = id;
    this._filter();
  }

  private _unchoose(): void {
    this._chosen.clear();
    this._rows.forEach(row => (row.choose.checked = false));
    this._filter();
  }

  // ---- what can be done

  private _runMenu(x: number, y: number): void {
    const seen = [...this._rows.values()].filter(row => !row.row.hidden).map(row => row.node.id);
    const all = seen.length === this._rows.size;
    const blocks = this._chosen.size ? [...this._chosen] : all ? [] : seen;
    const entries = blocks.length ? runEntries(this._place, blocks) : runEntries(this._place, []).slice(-1);
    openMenu({ label: words('Run'), entries, x, y, foot: this._foot });
  }

  private _menu(node: INode, x: number, y: number): void {
    const several = this._chosen.size > 1 && this._chosen.has(node.id);
    const entries = several ? runEntries(this._place, [...this._chosen]) : nodeEntries(this._place, node);
    openMenu({ label: node.label, entries, x, y, foot: this._foot });
  }

  private _at(target: EventTarget | null): IRow | undefined {
    return this._rows.get((target as Element).closest<HTMLElement>('li')?.dataset.block ?? '');
  }

  private _context(event: MouseEvent): void {
    const row = this._at(event.target);
    if (row) {
      event.preventDefault();
      event.stopPropagation();
      this._menu(row.node, event.clientX, event.clientY);
    }
  }

  private _key(event: KeyboardEvent): void {
    const row = this._at(event.target);
    const menu = event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
    const undo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z' && this._bar.canUndo;
    if (undo) {
      this._bar.undo();
    } else if (!row || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (menu) {
      const box = row.jump.getBoundingClientRect();
      this._menu(row.node, box.left + 24, box.bottom);
    } else if (event.key === 'F2' || event.key === 'Delete') {
      const edit = { do: event.key === 'F2' ? 'rename' : 'delete', block: row.node.id } as const;
      this._place.request({ action: 'edit', edit, told: told => this._bar.tell(told) });
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const rows = [...this._rows.values()].filter(each => !each.row.hidden);
      const next = rows[rows.indexOf(row) + (event.key === 'ArrowDown' ? 1 : -1)];
      next?.jump.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private readonly _root = html('ul', { class: 'jm-root jm-list', 'aria-label': words('Blocks') });
  private readonly _spoken = html('div', { class: 'jm-spoken', role: 'status' });
  private readonly _place: IPlace;
  private readonly _bar: EditBar;
  private readonly _foot: IFoot | undefined;
  private readonly _tools: ListTools | null;
  private readonly _stop: () => void;
  private _rows = new Map<string, IRow>();
  private _chosen = new Set<string>();
  private _last = '';
}

/** The errors have a line of their own; here the state's word is enough. */
function short(state: IState): string {
  const said = state.status === 'failed' && state.items === undefined;
  return said || state.status === 'new' || state.status === 'problem'
    ? lookOf(state.status).label
    : state.detail;
}
