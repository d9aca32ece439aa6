/** What the blocks of a run print, live: of one block or all, by level, with search. Follows the end until the reader scrolls up. */

import type { LogLine, LogPage, RunLine } from '../contract';
import { html, lookOf } from '../dag/dom';
import type { ISubject } from '../dag/model';
import { words } from '../dag/words';
import { follow, WAIT } from './follow';
import type { IHistory } from './history';
import { ago, choice, clock, notice } from './parts';
import { without } from './runs';
import type { IContext, IMounted, IView } from './view';

/** Lines that stand on the page; older ones can be searched for. */
const SHOWN = 5000;
/** Milliseconds after the last key, before a search is asked for. */
const TYPED = 200;
/** Pixels from the end within which the reader counts as being there. */
const NEAR = 24;

const LEVELS: Record<string, readonly string[] | null> = {
  all: null,
  printed: ['printed', 'warning', 'error'],
  warnings: ['warning', 'error'],
  errors: ['error']
};

const STREAMS: readonly (readonly [string, string])[] = [
  ['', 'stdout and stderr'],
  ['stdout', 'stdout'],
  ['stderr', 'stderr']
];

export const logs: IView = {
  id: 'logs',
  label: 'Logs',
  sign: 'M2.5 3h11v10h-11zM5 6h6M5 8.5h6M5 11h3',
  alone: true,
  mount(host, context) {
    return context.history ? new LogsView(host, context, context.history) : without(host);
  }
};

class LogsView implements IMounted {
  constructor(
    host: HTMLElement,
    private readonly _context: IContext,
    private readonly _history: IHistory
  ) {
    this._root = html(
      'div',
      { class: 'jm-logs' },
      html(
        'div',
        { class: 'jm-toolbar' },
        this._runs.root,
        this._blocks.root,
        this._levels.root,
        this._streams.root,
        this._search
      ),
      this._problem.root,
      html('div', { class: 'jm-logroom' }, this._scroller, this._end)
    );
    host.append(this._root);
    this._levels.offer(
      [
        ['all', words('All lines')],
        ['printed', words('Printed')],
        ['warnings', words('Warnings and errors')],
        ['errors', words('Errors')]
      ],
      'all'
    );
    this._streams.offer(
      STREAMS.map(([id, label]) => [id, words(label)] as const),
      ''
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    this._search.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this._anew(), TYPED);
    });
    this._scroller.addEventListener('scroll', () => this._scrolled());
    this._end.hidden = true; // until there is something to go back to
    this._end.addEventListener('click', () => this._toEnd());
    this._stop = _context.place.listen(() => this._project());
    this._list = follow(
      (stamp, stop) =>
        this._history.runs({ project: this._where, limit: 30, stamp, wait: stamp ? WAIT : 0 }, stop),
      page => this._offer(page.runs),
      text => this._problem.say(text, true)
    );
    this._following = follow(
      (stamp, stop) => this._ask(stamp, stop),
      page => this._take(page),
      text => this._problem.say(text, true)
    );
    this._project();
  }

  unmount(): void {
    this._stop();
    this._list.stop();
    this._following.stop();
    this._root.remove();
  }

  seen(yes: boolean): void {
    this._list.seen(yes);
    this._following.seen(yes);
  }

  open({ project, run, block }: ISubject): void {
    if (project !== undefined) {
      this._context.place.choose(project);
    }
    if (run) {
      this._run = run;
      this._newest = false;
      this._block = block ?? '';
      this._offer(this._known);
      this._anew();
    }
  }

  private get _where(): string {
    return this._context.place.project ?? '';
  }

  private _project(): void {
    this._run = this._block = '';
    this._newest = true;
    this._known = [];
    this._offer([]);
    this._list.again();
    this._anew();
  }

  /** The runs to choose from. As long as none was chosen, the newest is shown, also when there is a newer one. */
  private _offer(found: RunLine[]): void {
    this._known = found;
    const newest = found[0]?.id ?? '';
    if (this._newest && newest !== this._run) {
      this._run = newest;
      this._block = '';
      this._anew();
    }
    const options = found.map(
      run => [run.id, `${run.pipeline} · ${ago(run.started)} · ${lookOf(run.status).label}`] as const
    );
    const chosen = found.some(run => run.id === this._run) || !this._run;
    this._runs.offer(chosen ? options : [[this._run, this._run], ...options], this._run);
    this._runs.root.hidden = !this._run;
    if (!this._run) {
      this._problem.say(words('Nothing has run here yet, so nothing was printed.'));
    }
  }

  private _anew(): void {
    this._cursor = 0;
    this._lines = [];
    this._scroller.replaceChildren(this._body, this._live);
    this._body.replaceChildren();
    this._live.replaceChildren();
    this._unread = 0;
    this._tail = true;
    this._following.again();
  }

  private _ask(stamp: string | undefined, stop: AbortSignal): Promise<LogPage> | null {
    if (!this._run) {
      return null;
    }
    const waits = stamp && !this._more;
    return this._history.logs(
      {
        project: this._where,
        run: this._run,
        block: this._block || undefined,
        search: this._search.value.trim() || undefined,
        after: this._cursor,
        stamp: waits ? stamp : undefined,
        wait: waits ? WAIT : 0
      },
      stop
    );
  }

  private _take(page: LogPage): void {
    this._cursor = page.cursor;
    this._more = page.more;
    this._blocks.offer(
      [['', words('All blocks')], ...page.blocks.map(each => [each, each] as const)],
      this._block
    );
    const shown = page.lines.filter(line => this._wants(line));
    this._lines.push(...page.lines);
    this._lines.splice(0, Math.max(0, this._lines.length - SHOWN));
    this._append(shown);
    const needle = this._search.value.trim();
    const live = page.live.flatMap(({ block, lines }) =>
      lines
        .filter(line => !needle || line.text.toLowerCase().includes(needle.toLowerCase()))
        .filter(line => this._wants(line))
        .map(line => this._row({ ...line, block }))
    );
    this._live.replaceChildren(...live);
    const none = !this._body.children.length && !this._live.children.length && !page.more;
    this._problem.say(
      none
        ? needle
          ? words('Nothing that was printed has “{text}” in it.', { text: needle })
          : words('Nothing was printed yet.')
        : ''
    );
    if (this._tail) {
      this._scroller.scrollTop = this._scroller.scrollHeight;
    } else {
      this._unread += shown.length;
    }
    this._said();
  }

  private _append(lines: readonly LogLine[]): void {
    this._body.append(...lines.map(line => this._row(line)));
    while (this._body.children.length > SHOWN) {
      this._body.firstElementChild?.remove();
    }
  }

  /** What is there already, through another filter. */
  private _refilter(): void {
    this._body.replaceChildren();
    this._append(this._lines.filter(line => this._wants(line)));
    this._live.replaceChildren(); // the next answer brings what is printed just now
    this._following.again();
    this._toEnd();
  }

  private _wants({ level, stream }: LogLine): boolean {
    const levels = LEVELS[this._level];
    return (!levels || levels.includes(level)) && (!this._stream || this._stream === stream);
  }

  private _row(line: LogLine): HTMLElement {
    const row = html(
      'div',
      { class: 'jm-logline' },
      html('time', {}, line.at ? clock(line.at) : ''),
      html('span', { class: 'jm-logblock', title: line.block }, line.block),
      html('span', { class: 'jm-logtext' }, ...marked(line.text, this._search.value.trim()))
    );
    row.dataset.level = line.level;
    row.dataset.stream = line.stream;
    if (line.stream === 'stderr') {
      row.title = words('printed to stderr');
    }
    row.dataset.block = line.block;
    return row;
  }

  private _scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this._scroller;
    this._tail = scrollHeight - scrollTop - clientHeight <= NEAR;
    if (this._tail) {
      this._unread = 0;
    }
    this._said();
  }

  private _toEnd(): void {
    this._tail = true;
    this._unread = 0;
    this._scroller.scrollTop = this._scroller.scrollHeight;
    this._said();
  }

  private _said(): void {
    this._end.hidden = this._tail;
    this._end.textContent = this._unread
      ? words('{n} more lines ↓', { n: this._unread })
      : words('To the end ↓');
  }

  private readonly _problem = notice();
  private readonly _body = html('div', {});
  private readonly _live = html('div', { class: 'jm-live' });
  private readonly _scroller = html('div', {
    class: 'jm-loglines',
    role: 'log',
    'aria-live': 'off', // a screen reader would read for hours; the reader asks for it
    'aria-label': words('Log'),
    tabindex: 0
  });
  private readonly _end = html('button', { type: 'button', class: 'jm-button jm-worded jm-toend' });
  private readonly _search = html('input', {
    type: 'search',
    class: 'jm-find',
    placeholder: words('Search'),
    'aria-label': words('Search in the log')
  });
  private readonly _runs = choice(words('Run'), value => {
    this._run = value;
    this._newest = value === this._known[0]?.id;
    this._block = '';
    this._anew();
  });
  private readonly _blocks = choice(words('Block'), value => {
    this._block = value;
    this._anew();
  });
  private readonly _levels = choice(words('Level'), value => {
    this._level = value;
    this._refilter();
  });
  private readonly _streams = choice(words('Stream'), value => {
    this._stream = value;
    this._refilter();
  });
  private readonly _root: HTMLElement;
  private readonly _stop: () => void;
  private readonly _list;
  private readonly _following;
  private _known: RunLine[] = [];
  private _lines: LogLine[] = [];
  private _run = '';
  private _newest = true;
  private _block = '';
  private _level = 'all';
  private _stream = '';
  private _cursor = 0;
  private _more = false;
  private _tail = true;
  private _unread = 0;
}

/** The text in pieces, what was searched for in a mark of its own. */
export function marked(text: string, needle: string): (Node | string)[] {
  if (!needle) {
    return [text];
  }
  const found: (Node | string)[] = [];
  const low = text.toLowerCase();
  const wanted = needle.toLowerCase();
  let from = 0;
  // a letter whose small form is longer would shift the places: then nothing is marked
  for (
    let at = low.length === text.length ? low.indexOf(wanted) : -1;
    at >= 0;
    at = low.indexOf(wanted, from)
  ) {
    found.push(text.slice(from, at), html('mark', {}, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  return [...found, text.slice(from)].filter(each => each !== '');
}
