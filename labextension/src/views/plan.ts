/** What a run would do before it does it: which blocks, why, and for how long. */

import type { Plan, PlanStep } from '../contract';
import { duration, html, icon } from '../dag/dom';
import type { ISubject } from '../dag/model';
import { words } from '../dag/words';
import { Asking } from './asking';
import { command } from './command';
import { completing, selections } from './completing';
import { inOrder } from './data';
import { Desk } from './desk';
import { diff } from './diff';
import { grouped } from './saying';
import type { IContext, IMounted, IView } from './view';

/** Milliseconds that one may stop typing before it is asked. */
const TYPING = 250;

export const plan: IView = {
  id: 'plan',
  label: 'Plan',
  sign: 'M2.5 4l1.2 1.2L6 3M2.5 9.5l1.2 1.2L6 8.5M8.5 4.5h5M8.5 9.5h5',
  alone: true,
  mount: (host, context) => new PlanView(host, context)
};

class PlanView implements IMounted {
  constructor(
    host: HTMLElement,
    private readonly _context: IContext
  ) {
    this._desk = new Desk(this._context, other => this._other(other));
    this._asking = new Asking(() => this._desk.data);
    this._runs = new Asking(() => this._desk.data);
    const names = () => (this._desk.disk ? this._names : inOrder(this._context.source.picture()));
    const offered = (word: string) => selections(word, names(), this._tags);
    this._field = completing(words('Blocks to run'), words('all blocks'), offered, () => this._soon());
    this._force.addEventListener('change', () => this._ask());
    this._run.addEventListener('click', () => this._go());
    const again = html('label', { class: 'jm-check' }, this._force, words('even if cached'));
    again.title = '--force';
    const bar = html('div', { class: 'jm-viewbar' }, this._field.root, again, this._run);
    this._root.append(
      this._desk.root,
      bar,
      this._line.root,
      this._runs.note,
      this._asking.note,
      this._total,
      this._steps
    );
    host.append(this._root);
    this._stop = this._context.source.listen(() => this._changed());
  }

  unmount(): void {
    this._stop();
    this._desk.unmount();
    clearTimeout(this._timer);
    this._asking.forget();
    this._runs.forget();
    this._root.remove();
  }

  seen(yes: boolean): void {
    this._seen = yes;
    this._desk.seen(yes);
    if (yes && (this._due || this._desk.disk)) {
      // a file may have been edited meanwhile
      this._ask();
    }
  }

  open(subject: ISubject): void {
    this._desk.open(subject);
    if (subject.block !== undefined) {
      this._field.input.value = subject.block;
      this._ask();
    }
  }

  /** Another pipeline is asked about, or it ran. */
  private _other(other: boolean): void {
    if (other) {
      this._names = [];
      this._nothing();
    }
    this._ask();
  }

  /** After a run, or where cells defined something: not while a run goes on, whose every block changes it. */
  private _changed(): void {
    this._run.disabled = !this._can();
    if (!this._going() && !this._desk.disk) {
      this._soon();
    }
  }

  private _going(): boolean {
    const { source } = this._context;
    return source.picture()?.run?.status === 'running' && source.live();
  }

  private _can(): boolean {
    const { disk, data } = this._desk;
    return this._good && (disk !== null || (data.execute !== undefined && !this._going()));
  }

  private _soon(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._ask(), TYPING);
  }

  private _ask(): void {
    clearTimeout(this._timer);
    this._due = !this._seen;
    if (!this._seen) {
      return;
    }
    const given = this._given;
    void this._asking
      .ask('plan', given, 'Plan', found => this._show(found))
      .then(kept => {
        if (!kept && !this._asking.note.hidden) {
          this._nothing();
        }
      });
  }

  private get _given(): { selection: string; force: boolean } {
    return { selection: this._field.input.value.trim(), force: this._force.checked };
  }

  private _nothing(): void {
    this._good = false;
    this._run.disabled = true;
    this._line.say('');
    this._total.replaceChildren();
    this._steps.replaceChildren();
  }

  private _show(found: Plan): void {
    this._good = true;
    this._tags = found.tags;
    if (!found.selection) {
      this._names = found.steps.map(each => each.block);
    }
    this._run.disabled = !this._can();
    this._line.say(found.command);
    this._total.replaceChildren(...totalOf(found));
    const open = new Set(
      [...this._steps.querySelectorAll('details[open]')].map(each => each.getAttribute('data-block'))
    );
    this._steps.replaceChildren(...found.steps.map(each => stepOf(each, open.has(each.block))));
    if (found.steps_left) {
      const said = words('… and {count} more blocks', { count: grouped(found.steps_left) });
      this._steps.append(html('li', { class: 'jm-soft' }, said));
    }
  }

  private _go(): void {
    const { disk, data } = this._desk;
    const { show } = this._context;
    const begun = disk?.start(this._given).then(started => show('runs', started));
    const run: Promise<unknown> | undefined = begun ?? data.execute?.(this._line.text());
    if (run) {
      this._run.disabled = true;
      void this._runs
        .wait(run, () => undefined)
        .then(() => {
          this._run.disabled = !this._can();
          this._ask();
        });
    }
  }

  private readonly _force = html('input', { type: 'checkbox' });
  private readonly _run = html('button', { type: 'button', class: 'jm-act jm-main' }, words('Run'));
  private readonly _line = command();
  private readonly _total = html('p', { class: 'jm-total', role: 'status' });
  private readonly _steps = html('ol', {
    class: 'jm-steps',
    'aria-label': words('Blocks, in the order in which they run')
  });
  private readonly _root = html('div', { class: 'jm-view jm-plan' });
  private readonly _field;
  private readonly _desk: Desk;
  private readonly _asking: Asking;
  private readonly _runs: Asking;
  private readonly _stop: () => void;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _tags: string[] = [];
  /** Of a pipeline on disk, its blocks. */
  private _names: string[] = [];
  private _good = false;
  private _seen = false;
  private _due = true;
}

const ACTIONS = {
  run: { label: 'runs', status: 'queued' },
  maybe: { label: 'runs perhaps', status: 'stale' },
  cached: { label: 'cached', status: 'cached' },
  blocked: { label: 'blocked', status: 'problem' }
};

export function totalOf(found: Plan): (HTMLElement | string)[] {
  const running = found.steps.filter(each => each.action === 'run' || each.action === 'maybe').length;
  const parts: (HTMLElement | string)[] = [html('strong', {}, found.said.split('   ')[0] ?? '')];
  if (found.seconds !== null && running) {
    parts.push(` · ${words('about {time}', { time: duration(found.seconds) })}`);
  }
  if (found.unknown) {
    const said =
      found.unknown === 1
        ? words('1 has never run')
        : words('{count} have never run', { count: found.unknown });
    parts.push(` · ${said}`);
  }
  return parts;
}

export function stepOf(each: PlanStep, open = false): HTMLElement {
  const { label, status } = ACTIONS[each.action];
  const sign = html('span', { class: 'jm-sign' }, icon(status));
  const time = each.action === 'cached' || each.seconds === null ? '' : `≈\u00a0${duration(each.seconds)}`;
  const head = html(
    'div',
    { class: 'jm-steprow' },
    sign,
    html('span', { class: 'jm-blockname' }, each.block),
    html('span', { class: 'jm-action' }, words(label)),
    html('span', { class: 'jm-detail' }, each.action === 'cached' ? each.output : time)
  );
  const made = html('li', {}, head);
  made.dataset.status = status;
  made.dataset.action = each.action;
  const why = each.why.length ? each.why : each.action === 'cached' ? [] : [words('nothing is known of it')];
  if (why.length) {
    made.append(html('ul', { class: 'jm-why' }, ...why.map(reason => html('li', {}, reason))));
  }
  if (each.diff) {
    const shown = html(
      'details',
      { 'data-block': each.block },
      html('summary', {}, words('what changed in its code'))
    );
    shown.append(diff(each.diff));
    shown.open = open;
    made.append(shown);
  }
  return made;
}
