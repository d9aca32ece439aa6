/** A block's output: its first rows, its columns in a glance; of an edge, what flowed and what differs. */

import type { Origin, Preview } from '../contract';
import { html } from '../dag/dom';
import type { Changed, IPicture, ISource, ISubject } from '../dag/model';
import { MOVING } from '../dag/model';
import { words } from '../dag/words';
import { Asking } from './asking';
import { command } from './command';
import type { IData } from './data_source';
import { Desk } from './desk';
import { edgeOf, originOf } from './edge';
import { HistoryData } from './history_data';
import { pager } from './pager';
import { profileOf } from './profile';
import { bytes, grouped, shape } from './saying';
import { table } from './table';
import { picture, value } from './value';
import type { IContext, IMounted, IView } from './view';

const ROWS = 50;
/** Columns that are profiled before one asks for more. */
const PROFILED = 48;

type Part = 'rows' | 'columns';

export const data: IView = {
  id: 'data',
  label: 'Data',
  sign: 'M2.5 3h11v10h-11zM2.5 6.5h11M6.5 6.5v6.5',
  alone: true,
  mount: (host, context) => new DataView(host, context)
};

class DataView implements IMounted {
  constructor(
    host: HTMLElement,
    private readonly _context: IContext
  ) {
    this._desk = new Desk(this._context, other => this._other(other), true);
    const data = () => this._past ?? this._desk.data;
    this._asking = new Asking(data);
    this._asksEdge = new Asking(data);
    const choose = (target?: string) => {
      const { project, run } = this._at;
      this._go({ project, run, block: this._blocks.value, target });
    };
    this._blocks.addEventListener('change', () => choose());
    this._ways.addEventListener('change', () => choose(this._ways.value));
    this._back.addEventListener('click', () => this._go({ block: this._at.block }));
    this._rows.addEventListener('click', () => this._turn('rows'));
    this._columns.addEventListener('click', () => this._turn('columns'));
    const parts = html(
      'div',
      { class: 'jm-parts', role: 'group', 'aria-label': words('Show') },
      this._rows,
      this._columns
    );
    const bar = html(
      'div',
      { class: 'jm-viewbar' },
      this._blocks,
      html('span', { class: 'jm-arrow' }, '→'),
      this._ways,
      parts
    );
    this._root.append(
      this._desk.root,
      bar,
      this._ofRun,
      this._asksEdge.note,
      this._edge,
      this._origin,
      this._asking.note,
      this._body,
      this._foot
    );
    host.append(this._root);
    this._stop = this._source.listen(changed => this._changed(changed));
    this._turnTo({});
    this._list();
    this._mark();
  }

  unmount(): void {
    this._stop();
    this._desk.unmount();
    this._asking.forget();
    this._asksEdge.forget();
    this._root.remove();
  }

  seen(yes: boolean): void {
    this._seen = yes;
    this._desk.seen(yes);
    if (yes && this._due) {
      this._ask();
    }
  }

  open(subject: ISubject): void {
    this._desk.open(subject);
    if (subject.block) {
      const { project, run, block, target } = subject;
      this._go({ project, run, block, target });
    }
  }

  /** Another pipeline is asked about, or it ran. */
  private _other(other: boolean): void {
    if (this._past) {
      return; // what was, stays
    }
    if (other) {
      this._at = {};
      this._clear();
      this._edge.replaceChildren();
    }
    this._list();
    this._ask();
  }

  /** A run of a project is read from disk, with no kernel; all else is asked of the kernel. */
  private _turnTo({ project, run }: ISubject): void {
    const { history } = this._context;
    const past = history && run && project !== undefined ? { history, run, project } : null;
    if (!past) {
      this._past = null;
      this._pastBlocks = [];
      this._pastPicture = null;
    } else if (this._past?.run !== past.run || this._past.project !== past.project) {
      const made = (this._past = new HistoryData(past.history, past.project, past.run));
      const known = ({ blocks, picture }: { blocks: string[]; picture: IPicture | null }) => {
        if (this._past === made) {
          this._pastBlocks = blocks;
          this._pastPicture = picture;
          this._list();
        }
      };
      made.about().then(known, () => undefined); // what is wrong is said where the block is asked for
    }
    this._desk.root.classList.toggle('jm-aside', this._past !== null);
    this._ofRun.hidden = !run;
    this._ofRun.replaceChildren(html('span', {}, words('of run {run}', { run: run ?? '' })), this._back);
  }

  private get _source(): ISource {
    return this._context.source;
  }

  private _go(subject: ISubject): void {
    this._at = subject;
    this._turnTo(subject);
    this._start = this._first = 0;
    this._list();
    this._ask();
  }

  private _turn(part: Part): void {
    this._part = part;
    this._mark();
    this._ask();
  }

  private _mark(): void {
    this._rows.setAttribute('aria-pressed', String(this._part === 'rows'));
    this._columns.setAttribute('aria-pressed', String(this._part === 'columns'));
  }

  /** The blocks to choose from, and the ways that lead from the one that is chosen. */
  private _list(): void {
    const drawn = this._past ? this._pastPicture : this._desk.picture();
    const names = this._past ? this._pastBlocks : inOrder(drawn);
    if (!this._past && (!this._at.block || (drawn && !names.includes(this._at.block) && !this._at.run))) {
      this._at = { block: names.find(name => good(drawn, name)) ?? names[0] };
    }
    const block = this._at.block ?? '';
    const known = names.includes(block) || !block ? names : [block, ...names];
    fill(
      this._blocks,
      known.map(name => [name, name]),
      block
    );
    const below = (drawn?.edges ?? []).filter(each => each.source === block).map(each => each.target);
    const target = this._at.target ?? '';
    const ways = below.includes(target) || !target ? below : [target, ...below];
    fill(
      this._ways,
      [['', words('its output')], ...ways.map((name): [string, string] => [name, name])],
      target
    );
    this._ways.disabled = !ways.length;
  }

  private _changed(changed: Changed): void {
    if (this._past) {
      return; // what was, stays
    }
    if (this._desk.disk) {
      return; // the desk tells
    }
    if (changed === null) {
      this._list();
    }
    const { block = '', target = '' } = this._at;
    const now = [block, target].map(name => this._state(name)).join(' ');
    if (now !== this._state_then && !MOVING.has(this._source.picture()?.states.get(block)?.status ?? '')) {
      this._ask();
    }
  }

  private _state(name: string): string {
    const state = this._desk.picture()?.states.get(name);
    return state ? `${state.status} ${state.detail} ${state.sampled ?? ''}` : '';
  }

  /** Ask for what is looked at; out of sight, when it comes into sight. */
  private _ask(): void {
    const { block = '', target = '', run = '' } = this._at;
    this._state_then = [block, target].map(name => this._state(name)).join(' ');
    this._due = !this._seen;
    if (!this._seen) {
      return;
    }
    this._root.classList.toggle('jm-blank-view', !block);
    if (!block) {
      this._clear();
      if (this._desk.disk && !this._past && !this._desk.picture()) {
        void this._asking.wait(this._desk.data.ask('picture'), () => undefined); // says why there is none
      } else {
        this._body.replaceChildren(nothing());
      }
      return;
    }
    if (target) {
      const given = { source: block, target, run };
      void this._asksEdge.ask('edge', given, 'EdgeFlow', found => this._edge.replaceChildren(edgeOf(found)));
    } else {
      this._asksEdge.forget();
      this._edge.replaceChildren();
    }
    const about = { block, run, target };
    void (this._part === 'rows' ? this._askRows(about) : this._askColumns(about));
  }

  private async _askRows(about: Record<string, unknown>): Promise<void> {
    const given = { ...about, start: this._start, rows: ROWS, first: this._first };
    const kept = await this._asking.ask('preview', given, 'Shown', found => {
      this._origin.replaceChildren(originOf(found.origin));
      if (!about.target) {
        this._origin.append(sizes(found.preview));
      }
      const image = found.image ? picture(found.image, found.origin.block) : null;
      this._body.replaceChildren(image ?? this._shape(found.preview));
      this._foot.replaceChildren(...this._more(found.preview, found.origin));
    });
    if (!kept && !this._asking.note.hidden) {
      this._clear();
    }
  }

  private _clear(): void {
    this._origin.replaceChildren();
    this._body.replaceChildren();
    this._foot.replaceChildren();
  }

  private _shape(preview: Preview): HTMLElement {
    return preview.sort === 'table' ? table(preview) : value(preview.text, preview.type);
  }

  /** Pages, what cannot be shown, and the command that shows more. */
  private _more(preview: Preview, origin: Origin): HTMLElement[] {
    const made: HTMLElement[] = [];
    if (preview.sort === 'table') {
      const go = (start: number) => this._page(() => (this._start = start));
      made.push(
        pager('rows', preview.start, preview.cells.length, preview.rows ?? preview.cells.length, ROWS, go)
      );
      const own = preview.columns.filter(each => !each.index).length;
      const all = this._first + own + preview.columns_left;
      const turn = (first: number) => this._page(() => (this._first = first));
      made.push(pager('columns', this._first, own, all, own, turn));
    }
    if (preview.note) {
      made.push(html('p', { class: 'jm-soft' }, preview.note));
    }
    if (
      preview.sort === 'opaque' &&
      !this._past &&
      this._desk.data.execute &&
      !origin.sampled &&
      !this._at.run
    ) {
      const show = html('button', { type: 'button', class: 'jm-act' }, words('Show it here'));
      show.title = words('Loads the value in the kernel, as the command does');
      show.addEventListener('click', () => this._load(this._context.data, preview.command));
      made.push(show);
    }
    return [...made, ...(preview.command ? [command(preview.command).root] : [])];
  }

  private _page(move: () => void): void {
    move();
    this._ask();
  }

  /** What the command shows: a figure is a picture there. */
  private _load(from: IData, line: string): void {
    const running = from.execute?.(line);
    if (running) {
      void this._asking.wait(running, found => {
        const images = found.images.map(image => picture(image, line));
        this._body.replaceChildren(...images, ...(images.length ? [] : [value(found.text, '')]));
      });
    }
  }

  /** A few columns at a time: between two questions the kernel hears others, Cancel among them. */
  private async _askColumns(about: Record<string, unknown>, most = PROFILED): Promise<void> {
    const list = html('ul', { class: 'jm-profiles', 'aria-label': words('Columns') });
    const body = html('div', { class: 'jm-scroll jm-plain', tabindex: 0, role: 'region' }, list);
    body.setAttribute('aria-label', words('Columns in a glance'));
    let first = 0;
    let left = 1;
    while (left > 0 && first < most) {
      const kept = await this._asking.ask(
        'profile',
        { ...about, first },
        'Profiled',
        ({ origin, profile }) => {
          const rows = profile.rows ?? profile.counted;
          if (first === 0) {
            this._origin.replaceChildren(originOf(origin));
            this._body.replaceChildren(body);
            this._foot.replaceChildren(...counted(profile.counted, rows), ...said(profile.note));
          }
          list.append(...profile.columns.map(each => profileOf(each, rows, profile.counted)));
          first += profile.columns.length;
          left = profile.columns.length ? profile.columns_left : 0;
        }
      );
      if (!kept) {
        if (first === 0 && !this._asking.note.hidden) {
          this._clear();
        }
        return;
      }
    }
    if (left > 0) {
      const more = html(
        'button',
        { type: 'button', class: 'jm-act' },
        words('{count} more columns', { count: grouped(left) })
      );
      more.addEventListener('click', () => void this._askColumns(about, most * 4));
      this._foot.append(more);
    }
  }

  private readonly _blocks = html('select', { 'aria-label': words('Block') });
  private readonly _ways = html('select', { 'aria-label': words('Its output, or what flows to a block') });
  private readonly _rows = html('button', { type: 'button' }, words('Rows'));
  private readonly _columns = html('button', { type: 'button' }, words('Columns'));
  private readonly _back = html('button', { type: 'button', class: 'jm-act' }, words('Back to the latest'));
  private readonly _ofRun = html('p', { class: 'jm-ofrun' });
  private readonly _edge = html('div', { class: 'jm-edgeplace' });
  private readonly _origin = html('div', { class: 'jm-originplace' });
  private readonly _body = html('div', { class: 'jm-body' });
  private readonly _foot = html('div', { class: 'jm-foot' });
  private readonly _root = html('div', { class: 'jm-view jm-data' });
  private readonly _desk: Desk;
  private readonly _asking: Asking;
  private readonly _asksEdge: Asking;
  private readonly _stop: () => void;
  private _at: ISubject = {};
  private _part: Part = 'rows';
  private _start = 0;
  private _first = 0;
  private _seen = false;
  private _due = true;
  private _state_then = '';
  private _past: HistoryData | null = null;
  private _pastBlocks: string[] = [];
  private _pastPicture: IPicture | null = null;
}

function nothing(): HTMLElement {
  const said = words('Nothing to show yet: run a cell that is a block, or choose a block of a run in Runs.');
  return html('p', { class: 'jm-soft' }, said);
}

/** Names from the first to the last, as they stand in the graph. */
export function inOrder(drawn: IPicture | null): string[] {
  return [...(drawn?.nodes ?? [])].sort((a, b) => a.y - b.y || a.x - b.x).map(node => node.id);
}

function good(drawn: IPicture | null, name: string): boolean {
  return ['succeeded', 'cached', 'stale', 'fresh'].includes(drawn?.states.get(name)?.status ?? '');
}

function fill(select: HTMLSelectElement, options: [string, string][], chosen: string): void {
  select.replaceChildren(...options.map(([value, label]) => html('option', { value }, label)));
  select.value = chosen;
}

function sizes(preview: Preview): HTMLElement {
  const columns = preview.columns.filter(each => !each.index).length + preview.columns_left;
  const said = shape({ ...preview, columns: preview.sort === 'table' ? columns : null });
  return html(
    'p',
    { class: 'jm-origin' },
    html('strong', {}, said),
    `${said === preview.type ? '' : ` · ${preview.type}`} · ${bytes(preview.bytes)}`
  );
}

function counted(some: number, all: number): HTMLElement[] {
  return some < all
    ? said(
        words(
          'Distinct values, histograms and frequent values are of {some} evenly spread rows of {all}; nulls and ranges of all.',
          {
            some: grouped(some),
            all: grouped(all)
          }
        )
      )
    : [];
}

function said(note: string): HTMLElement[] {
  return note ? [html('p', { class: 'jm-soft' }, note)] : [];
}
