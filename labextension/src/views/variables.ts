/** The pipeline's variables as a form: a control for each type, refused with the kernel's own sentence where a value does not fit. */

import type { PipelineVariable, PipelineVariables } from '../contract';
import { html } from '../dag/dom';
import type { ISubject } from '../dag/model';
import { words } from '../dag/words';
import { Asking } from './asking';
import { command } from './command';
import { type IControl, controlOf } from './control';
import { Desk } from './desk';
import { ago } from './parts';
import type { IContext, IMounted, IView } from './view';

/** Milliseconds that one may stop typing before it is asked whether it fits. */
const TYPING = 300;

export const variables: IView = {
  id: 'variables',
  label: 'Variables',
  sign: 'M2.5 4.5h6M12 4.5h1.5M10.2 2.8v3.4M2.5 11.5H4M7.5 11.5h6M5.8 9.8v3.4',
  alone: true,
  mount: (host, context) => new VariablesView(host, context)
};

class VariablesView implements IMounted {
  constructor(
    host: HTMLElement,
    private readonly _context: IContext
  ) {
    this._desk = new Desk(this._context, other => this._other(other));
    this._asking = new Asking(() => this._desk.data);
    this._runs = new Asking(() => this._desk.data);
    this._run.addEventListener('click', () => this._go());
    this._again.addEventListener('click', () => this._known.forEach(each => each.asLast()));
    const foot = html('div', { class: 'jm-foot' }, this._run, this._again, this._line.root, this._runs.note);
    this._root.append(this._desk.root, this._asking.note, this._fields, foot);
    host.append(this._root);
    this._stop = this._context.source.listen(changed => {
      if (changed === null && !this._desk.disk) {
        this._ask(); // a cell defined something: other parameters, perhaps
      }
    });
  }

  unmount(): void {
    this._stop();
    this._desk.unmount();
    this._asking.forget();
    this._runs.forget();
    this._known.forEach(each => each.forget());
    this._root.remove();
  }

  seen(yes: boolean): void {
    this._seen = yes;
    this._desk.seen(yes);
    if (yes && (this._due || this._desk.disk)) {
      this._ask(); // a file may have been edited meanwhile
    }
  }

  open(subject: ISubject): void {
    this._desk.open(subject);
  }

  /** Another pipeline is asked about, or it ran. */
  private _other(other: boolean): void {
    if (other) {
      this._put([]); // fields of the same names are another pipeline's
    }
    this._ask();
  }

  private _ask(): void {
    this._due = !this._seen;
    if (this._seen) {
      void this._asking
        .ask('variables', {}, 'PipelineVariables', found => this._show(found))
        .then(kept => {
          if (!kept && !this._asking.note.hidden) {
            this._put([]);
          }
        });
    }
  }

  private _show(found: PipelineVariables): void {
    this._lastAt = found.last_at;
    this._put(found.variables, nothing());
  }

  /** Fields that are the same stay as they are: somebody may be typing in one. */
  private _put(found: PipelineVariable[], none?: HTMLElement): void {
    const known = this._known;
    this._known = new Map();
    for (const each of found) {
      const same = known.get(each.name);
      if (same && JSON.stringify(same.variable) === JSON.stringify(each)) {
        this._known.set(each.name, same);
      } else {
        same?.forget();
        this._known.set(
          each.name,
          new Field(
            each,
            this._desk,
            () => this._say(),
            () => this._ask()
          )
        );
      }
    }
    known.forEach((each, name) => this._known.get(name) ?? each.forget());
    const fields = [...this._known.values()].map(each => each.root);
    const shown = fields.length || !none ? fields : [none];
    if (
      shown.some((each, n) => this._fields.children[n] !== each) ||
      shown.length !== this._fields.children.length
    ) {
      this._fields.replaceChildren(...shown);
    }
    this._say();
  }

  /** The run with what the form says: only what differs has to be named. */
  private _say(): void {
    const fields = [...this._known.values()];
    const changed = fields.filter(each => each.changed);
    const given = changed.map(each => ` --var ${quoted(`${each.variable.name}=${each.text}`)}`);
    const { disk, data, line } = this._desk;
    const start = disk ? (line?.commands.run ?? '') : '%pipeline run';
    this._line.say(start && `${start}${given.join('')}`);
    const good = fields.every(each => each.fits);
    this._run.disabled = !(disk ? line : data.execute) || !good;
    this._run.textContent = changed.length ? words('Run with these') : words('Run');
    this._again.hidden = !fields.some(each => each.differsFromLast);
    this._again.title =
      this._lastAt === null
        ? ''
        : words('Fills in what the last run was given, {time}', { time: ago(this._lastAt) });
  }

  private _go(): void {
    const { disk, data } = this._desk;
    const { show } = this._context;
    const changed = [...this._known.values()].filter(each => each.changed);
    const variables = Object.fromEntries(changed.map(each => [each.variable.name, each.text]));
    const begun = disk?.start({ variables }).then(started => show('runs', started));
    const run: Promise<unknown> | undefined = begun ?? data.execute?.(this._line.text());
    if (run) {
      this._run.disabled = true;
      void this._runs.wait(run, () => undefined).then(() => this._say());
    }
  }

  private readonly _fields = html('div', { class: 'jm-fields' });
  private readonly _run = html('button', { type: 'button', class: 'jm-act jm-main' }, words('Run'));
  private readonly _again = html('button', { type: 'button', class: 'jm-act' }, words('As in the last run'));
  private readonly _line = command();
  private readonly _root = html('div', { class: 'jm-view jm-variables' });
  private readonly _desk: Desk;
  private readonly _asking: Asking;
  private readonly _runs: Asking;
  private readonly _stop: () => void;
  private _known = new Map<string, Field>();
  private _lastAt: number | null = null;
  private _seen = false;
  private _due = true;
}

let made = 0;

/** One variable: its control, where its value is from, and what is wrong with what was typed. */
class Field {
  readonly root = html('div', { class: 'jm-variable' });
  /** Whether the kernel has not refused it. */
  fits = true;

  constructor(
    readonly variable: PipelineVariable,
    private readonly _desk: Desk,
    private readonly _changed: () => void,
    private readonly _done: () => void
  ) {
    const id = `jm-field-${++made}`;
    this._control = controlOf(variable);
    this._was = this._seen = this._control.text(); // as the control spells it: a time without its zero seconds is the same time
    this._control.input.id = id;
    this._asking = new Asking(() => this._desk.data, false);
    this._asking.note.id = `${id}-note`;
    this._asking.note.setAttribute('role', 'alert');
    this._control.input.setAttribute('aria-describedby', `${id}-note ${id}-facts`);
    const label = html('label', { for: id }, html('span', { class: 'jm-blockname' }, variable.name));
    if (variable.type) {
      label.append(html('span', { class: 'jm-type' }, variable.type));
    }
    const about = html('span', { class: 'jm-soft', id: `${id}-facts` }, facts(variable));
    const head = html('div', { class: 'jm-variablehead' }, label, about);
    const { input } = this._control;
    input.addEventListener('input', () => this._typed());
    input.addEventListener('change', () => this._typed());
    this._set.addEventListener('click', () => this._execute(this._line.text()));
    this._reset.addEventListener('click', () => this._back());
    this._reset.title = words('Back to what it was');
    const row = html('div', { class: 'jm-control' }, this._control.input, this._set, this._reset);
    this.root.append(head, row, this._asking.note, this._line.root);
    this._mark();
  }

  /** What one would type behind `name=`. */
  get text(): string {
    return this._control.text();
  }

  get changed(): boolean {
    return this.text !== this._was;
  }

  /** Whether the last run was given something else than stands here. */
  get differsFromLast(): boolean {
    const { last } = this.variable;
    return last !== null && last !== this.text && this.text !== this._spelled;
  }

  asLast(): void {
    if (this.differsFromLast) {
      this._control.put(this.variable.last);
      this._spelled = this.text;
      this._typed();
    }
  }

  forget(): void {
    clearTimeout(this._timer);
    this._asking.forget();
  }

  private _typed(): void {
    if (this.text === this._seen) {
      return; // leaving the field says so once more, and what moves then is not where the pointer clicks
    }
    this._seen = this.text;
    clearTimeout(this._timer);
    this._asking.forget();
    this.fits = true;
    this._fitting = '';
    this._mark();
    this._changed();
    if (this.changed) {
      this._timer = setTimeout(() => void this._check(), TYPING);
    }
  }

  private async _check(): Promise<void> {
    const given = { name: this.variable.name, value: this.text };
    const fits = await this._asking.ask('fit', given, 'Fitted', found => (this._fitting = found.command));
    this.fits = fits || this._asking.note.hidden;
    this._mark();
    this._changed();
  }

  /** To the value that the pipeline has; where that is what is shown, to the default. */
  private _back(): void {
    if (this.changed) {
      this._control.put(this.variable.value);
      this._typed();
    } else {
      this._execute(`%pipeline vars --unset ${this.variable.name}`);
    }
  }

  private _execute(line: string): void {
    const running = this._desk.data.execute?.(line);
    if (running) {
      this._set.disabled = this._reset.disabled = true;
      void this._asking.wait(running, this._done).then(done => {
        this.fits = done;
        this._mark();
        this._changed();
      });
    }
  }

  private _mark(): void {
    const { name, source } = this.variable;
    const can = this._desk.data.execute !== undefined;
    this._control.input.setAttribute('aria-invalid', String(!this.fits));
    this._set.disabled = !can || !this.changed || !this.fits;
    this._reset.disabled = !this.changed && (!can || source !== 'pipeline');
    this._set.hidden = !this.changed || this._desk.disk !== null; // the command does it: in the file
    this._reset.hidden = !this.changed && (source !== 'pipeline' || !can);
    const own = this._desk.disk ? '' : `%pipeline vars ${quoted(`${name}=${this.text}`)}`;
    this._line.say(this.changed && this.fits ? this._fitting || own : '');
  }

  private readonly _control: IControl;
  private readonly _was: string;
  private _seen: string;
  private readonly _asking: Asking;
  private readonly _line = command();
  private readonly _set = html('button', { type: 'button', class: 'jm-act' }, words('Set'));
  private readonly _reset = html('button', { type: 'button', class: 'jm-act' }, words('Reset'));
  private _timer: ReturnType<typeof setTimeout> | undefined;
  /** What sets it, as who was asked whether it fits spells it. */
  private _fitting = '';
  /** What the last run was given, as the control spells it. */
  private _spelled = '';
}

function facts(variable: PipelineVariable): string {
  const parts: string[] = [];
  if (variable.source === 'pipeline') {
    parts.push(words('set for the pipeline'));
  } else if (variable.source === '') {
    parts.push(words('a run has to give it'));
  }
  if (variable.default !== null && variable.source === 'pipeline') {
    parts.push(words('default {value}', { value: variable.default }));
  }
  if (variable.last !== null && variable.last !== variable.value) {
    parts.push(words('{value} in the last run', { value: variable.last }));
  }
  if (variable.blocks.length) {
    parts.push(words('read by {blocks}', { blocks: variable.blocks.join(', ') }));
  } else {
    parts.push(words('no block reads it'));
  }
  return parts.join(' · ');
}

function nothing(): HTMLElement {
  return html(
    'div',
    { class: 'jm-soft' },
    html('p', {}, words('No block has a parameter yet. One stands behind a star in the header:')),
    command('%%block delays(flights, *, least: int = 15)').root
  );
}

/** As a shell would need it: what is plain stays plain. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
