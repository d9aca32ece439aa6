/** The history of a project: its runs, newest first, whoever started them; one of them, or two compared. */

import type { RunLine, RunsPage } from '../contract';
import { duration, html, icon, lookOf } from '../dag/dom';
import type { ISubject } from '../dag/model';
import { words } from '../dag/words';
import { mountDiff } from './run_diff';
import { follow, WAIT } from './follow';
import type { IHistory } from './history';
import { ago, choice, message, moment, notice } from './parts';
import { type IRunView, mountRun } from './run';
import type { IContext, IMounted, IView } from './view';

const PAGE = 50;
const STATES = ['', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'];

export const runs: IView = {
  id: 'runs',
  label: 'Runs',
  sign: 'M8 2.5a5.5 5.5 0 1 1 -5.2 3.7M2.5 2.5v3.7h3.7M8 5v3.2l2.2 1.4',
  alone: true,
  mount(host, context) {
    const history = context.history;
    return history ? new RunsView(host, context, history) : without(host);
  }
};

/** Where nobody can tell of the history. */
export function without(host: HTMLElement): IMounted {
  const said = notice();
  said.say(words('This page has no Jupyter server that could tell of runs.'));
  host.append(said.root);
  return { unmount: () => said.root.remove() };
}

class RunsView implements IMounted {
  constructor(
    private readonly _host: HTMLElement,
    private readonly _context: IContext,
    private readonly _history: IHistory
  ) {
    const compare = html(
      'button',
      { type: 'button', class: 'jm-button jm-worded jm-main' },
      words('Compare')
    );
    compare.addEventListener('click', () => this._compare());
    this._bar = html('div', { class: 'jm-picked' }, html('span', {}), compare);
    this._bar.hidden = true;
    const more = html(
      'button',
      { type: 'button', class: 'jm-button jm-worded jm-older' },
      words('Older runs')
    );
    more.addEventListener('click', () => void this._older(more));
    this._more = more;
    this._list = html('div', {
      class: 'jm-runsroom'
    });
    this._root = html(
      'div',
      { class: 'jm-runs' },
      html('div', { class: 'jm-toolbar' }, this._where, this._pipelines.root, this._states.root, this._bar),
      this._problem.root,
      html('div', { class: 'jm-runscroll' }, this._rows, more)
    );
    this._list.append(this._root);
    _host.append(this._list);
    this._where.addEventListener('click', () => _context.show('projects'));
    this._place();
    this._states.offer(
      STATES.map(each => [each, each ? lookOf(each).label : words('All states')] as const),
      ''
    );
    this._stop = _context.place.listen(() => this._anew());
    this._following = follow(
      (stamp, stop) => this._ask(stamp, stop),
      page => this._take(page),
      text => this._problem.say(text, true)
    );
    this._ticks = setInterval(() => this._times(), 10000);
  }

  unmount(): void {
    clearInterval(this._ticks);
    this._stop();
    this._following.stop();
    this._leave();
    this._list.remove();
  }

  seen(yes: boolean): void {
    this._looking = yes;
    this._following.seen(yes && !this._inside);
    this._inside?.seen?.(yes);
  }

  open({ project, run, other }: ISubject): void {
    if (project !== undefined) {
      this._context.place.choose(project);
    }
    if (run && other) {
      this._enter(
        mountedDiff(this._host, this._history, { project: this._project, before: run, after: other }, () =>
          this._back()
        )
      );
    } else if (run) {
      this._enter(
        mountRun(this._host, this._context, this._history, { project: this._project, run }, () =>
          this._back()
        )
      );
    } else {
      this._back();
    }
  }

  private get _project(): string {
    return this._context.place.project ?? '';
  }

  private _place(): void {
    this._where.textContent = this._project || '/';
  }

  private _anew(): void {
    this._place();
    this._pipeline = '';
    this._picked.clear();
    this._old = [];
    this._shown.clear();
    this._rows.replaceChildren();
    this._back();
    this._following.again();
  }

  private _ask(stamp: string | undefined, stop: AbortSignal): Promise<RunsPage> {
    const status = this._status || undefined;
    const pipeline = this._pipeline || undefined;
    return this._history.runs(
      { project: this._project, pipeline, status, limit: PAGE, stamp, wait: stamp ? WAIT : 0 },
      stop
    );
  }

  private _take(page: RunsPage): void {
    this._problem.say(
      page.runs.length
        ? ''
        : this._pipeline || this._status
          ? words('No run is like that.')
          : words(
              'Nothing has run here yet. Runs of notebooks, command lines and schedules show up here as they start.'
            )
    );
    this._pipelines.offer(
      [['', words('All pipelines')], ...page.pipelines.map(each => [each, each] as const)],
      this._pipeline
    );
    const newest = new Set(page.runs.map(each => each.id));
    this._old = this._old.filter(each => !newest.has(each.id));
    this._more.hidden = !page.more && !this._old.length ? true : this._end;
    this._page = page.runs;
    this._paint();
  }

  private async _older(button: HTMLButtonElement): Promise<void> {
    const last = this._old[this._old.length - 1] ?? this._page[this._page.length - 1];
    button.disabled = true;
    try {
      const page = await this._history.runs({
        project: this._project,
        pipeline: this._pipeline || undefined,
        status: this._status || undefined,
        before: last?.id,
        limit: PAGE
      });
      this._old.push(...page.runs);
      this._end = !page.more;
      button.hidden = !page.more;
      this._paint();
    } catch (error) {
      this._problem.say(message(error), true);
    } finally {
      button.disabled = false;
    }
  }

  private _paint(): void {
    const seen = new Map<string, { row: HTMLElement; said: string }>();
    for (const run of [...this._page, ...this._old]) {
      const said = JSON.stringify(run);
      const known = this._shown.get(run.id);
      seen.set(run.id, known?.said === said ? known : { row: this._row(run), said });
    }
    this._shown = seen;
    const rows = [...seen.values()].map(each => each.row);
    if (rows.length !== this._rows.children.length || rows.some((row, i) => this._rows.children[i] !== row)) {
      const focused =
        document.activeElement instanceof HTMLElement ? document.activeElement.dataset.run : undefined;
      this._rows.replaceChildren(...rows);
      if (focused) {
        this._rows.querySelector<HTMLElement>(`[data-run="${CSS.escape(focused)}"]`)?.focus();
      }
    }
    this._pick();
  }

  private _row(run: RunLine): HTMLElement {
    const when = html('time', { class: 'jm-when', title: moment(run.started) }, ago(run.started));
    when.dataset.at = String(run.started);
    const counts: [string, number][] = [
      ['succeeded', run.succeeded],
      ['cached', run.cached],
      ['failed', run.failed]
    ];
    const told = counts
      .filter(([, count]) => count)
      .map(([status, count]) =>
        html(
          'span',
          { class: 'jm-runcount', title: `${count} ${lookOf(status).label}` },
          icon(status, 12),
          String(count)
        )
      );
    const go = html(
      'button',
      { type: 'button', class: 'jm-jump', title: run.id },
      html('span', { class: 'jm-sign' }, icon(run.status, 16)),
      html(
        'span',
        { class: 'jm-runtext' },
        html(
          'span',
          { class: 'jm-firstline' },
          html('span', { class: 'jm-blockname' }, run.pipeline),
          html('span', { class: 'jm-selection' }, run.selection),
          when
        ),
        html(
          'span',
          { class: 'jm-secondline' },
          html(
            'span',
            {},
            run.status === 'running'
              ? words('{n} of {all}', { n: run.succeeded + run.cached + run.failed, all: run.blocks })
              : lookOf(run.status).label
          ),
          html('span', {}, run.seconds === null ? '' : duration(run.seconds)),
          ...told,
          html('span', { class: 'jm-from', title: [run.user, run.host].filter(Boolean).join('@') }, run.face)
        )
      )
    );
    go.dataset.run = run.id;
    go.addEventListener('click', () => this.open({ run: run.id }));
    const box = html('input', {
      type: 'checkbox',
      'aria-label': words('Compare the run of {pipeline}, {time}', {
        pipeline: run.pipeline,
        time: moment(run.started)
      }),
      title: words('Choose two runs to compare them')
    });
    box.checked = this._picked.has(run.id);
    box.addEventListener('change', () => {
      if (box.checked) {
        this._picked.add(run.id);
      } else {
        this._picked.delete(run.id);
      }
      this._pick();
    });
    const row = html('li', {}, box, go);
    row.dataset.status = run.status;
    row.dataset.run = run.id;
    return row;
  }

  /** Two can be compared; the others cannot be chosen meanwhile. */
  private _pick(): void {
    const [text, button] = this._bar.children;
    this._bar.hidden = !this._picked.size;
    if (text) {
      text.textContent = this._picked.size < 2 ? words('Choose another run') : '';
    }
    if (button instanceof HTMLButtonElement) {
      button.hidden = this._picked.size < 2;
    }
    for (const box of this._rows.querySelectorAll('input')) {
      box.disabled = this._picked.size >= 2 && !box.checked;
    }
  }

  private _compare(): void {
    const order = [...this._page, ...this._old].map(each => each.id).filter(id => this._picked.has(id));
    const [after, before] = order;
    if (after && before) {
      this.open({ run: before, other: after });
    }
  }

  private _enter(inside: IMounted): void {
    this._leave();
    this._inside = inside;
    this._list.hidden = true;
    this._following.seen(false);
    inside.seen?.(this._looking);
  }

  private _leave(): void {
    this._inside?.unmount();
    this._inside = null;
  }

  private _back(): void {
    this._leave();
    this._list.hidden = false;
    this._following.seen(this._looking);
  }

  private _times(): void {
    for (const when of this._rows.querySelectorAll<HTMLElement>('time')) {
      when.textContent = ago(Number(when.dataset.at));
    }
  }

  private readonly _where = html('button', {
    type: 'button',
    class: 'jm-button jm-worded jm-where',
    title: words('The project whose runs these are: choose another')
  });
  private readonly _problem = notice();
  private readonly _rows = html('ul', { class: 'jm-runlist', 'aria-label': words('Runs') });
  private readonly _pipelines = choice(words('Pipeline'), value => {
    this._pipeline = value;
    this._filtered();
  });
  private readonly _states = choice(words('State'), value => {
    this._status = value;
    this._filtered();
  });

  private _filtered(): void {
    this._old = [];
    this._end = false;
    this._following.again();
  }

  private readonly _bar: HTMLElement;
  private readonly _more: HTMLElement;
  private readonly _list: HTMLElement;
  private readonly _root: HTMLElement;
  private readonly _following;
  private readonly _stop: () => void;
  private readonly _ticks;
  private readonly _picked = new Set<string>();
  private _shown = new Map<string, { row: HTMLElement; said: string }>();
  private _page: RunLine[] = [];
  private _old: RunLine[] = [];
  private _end = false;
  private _pipeline = '';
  private _status = '';
  private _looking = false;
  private _inside: IMounted | IRunView | null = null;
}

function mountedDiff(
  host: HTMLElement,
  history: IHistory,
  asked: { project: string; before: string; after: string },
  back: () => void
): IMounted {
  return { unmount: mountDiff(host, history, asked, back) };
}
