/** The pipeline's variables as a form: a control for each type, refused with the kernel's own sentence where a value does not fit. */

import { html } from '../dag/dom';
import { words } from '../dag/words';
import { fitted, type IVariable, variables as answer } from './answers';
import { Asking } from './asking';
import { command } from './command';
import { type IControl, controlOf } from './control';
import type { IContext, IMounted, IView } from './view';

/** Milliseconds that one may stop typing before it is asked whether it fits. */
const TYPING = 300;

export const variables: IView = {
  id: 'variables',
  label: 'Variables',
  sign: 'M2.5 4.5h6M12 4.5h1.5M10.2 2.8v3.4M2.5 11.5H4M7.5 11.5h6M5.8 9.8v3.4',
  alone: false,
  mount: (host, context) => new VariablesView(host, context)
};

class VariablesView implements IMounted {
  constructor(
    host: HTMLElement,
    private readonly _context: IContext
  ) {
    this._asking = new Asking(() => this._context.data);
    this._runs = new Asking(() => this._context.data);
    this._run.addEventListener('click', () => this._go());
    const foot = html('div', { class: 'jm-foot' }, this._run, this._line.root, this._runs.note);
    this._root.append(this._asking.note, this._fields, foot);
    host.append(this._root);
    this._stop = this._context.source.listen(changed => {
      if (changed === null) {
        this._ask(); // a cell defined something: other parameters, perhaps
      }
    });
  }

  unmount(): void {
    this._stop();
    this._asking.forget();
    this._runs.forget();
    this._known.forEach(each => each.forget());
    this._root.remove();
  }

  seen(yes: boolean): void {
    this._seen = yes;
    if (yes && this._due) {
      this._ask();
    }
  }

  private _ask(): void {
    this._due = !this._seen;
    if (this._seen) {
      void this._asking.ask('variables', {}, answer, found => this._show(found.variables));
    }
  }

  /** Fields that are the same stay as they are: somebody may be typing in one. */
  private _show(found: IVariable[]): void {
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
            this._context,
            () => this._say(),
            () => this._ask()
          )
        );
      }
    }
    known.forEach((each, name) => this._known.get(name) ?? each.forget());
    const fields = [...this._known.values()].map(each => each.root);
    const shown = fields.length ? fields : [nothing()];
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
    this._line.say(`%pipeline run${given.join('')}`);
    const good = fields.every(each => each.fits);
    this._run.disabled = !this._context.data.execute || !good;
    this._run.textContent = changed.length ? words('Run with these') : words('Run');
  }

  private _go(): void {
    const run = this._context.data.execute?.(this._line.text());
    if (run) {
      this._run.disabled = true;
      void this._runs.wait(run, () => undefined).then(() => this._say());
    }
  }

  private readonly _fields = html('div', { class: 'jm-fields' });
  private readonly _run = html('button', { type: 'button', class: 'jm-act jm-main' }, words('Run'));
  private readonly _line = command();
  private readonly _root = html('div', { class: 'jm-view jm-variables' });
  private readonly _asking: Asking;
  private readonly _runs: Asking;
  private readonly _stop: () => void;
  private _known = new Map<string, Field>();
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
    readonly variable: IVariable,
    private readonly _context: IContext,
    private readonly _changed: () => void,
    private readonly _done: () => void
  ) {
    const id = `jm-field-${++made}`;
    this._control = controlOf(variable);
    this._was = this._control.text(); // as the control spells it: a time without its zero seconds is the same time
    this._control.input.id = id;
    this._asking = new Asking(() => this._context.data, false);
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

  forget(): void {
    clearTimeout(this._timer);
    this._asking.forget();
  }

  private _typed(): void {
    clearTimeout(this._timer);
    this._asking.forget();
    this.fits = true;
    this._mark();
    this._changed();
    if (this.changed) {
      this._timer = setTimeout(() => void this._check(), TYPING);
    }
  }

  private async _check(): Promise<void> {
    const given = { name: this.variable.name, value: this.text };
    const fits = await this._asking.ask('fit', given, fitted, found => this._line.say(found.command));
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
    const running = this._context.data.execute?.(line);
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
    const can = this._context.data.execute !== undefined;
    this._control.input.setAttribute('aria-invalid', String(!this.fits));
    this._set.disabled = !can || !this.changed || !this.fits;
    this._reset.disabled = !this.changed && (!can || source !== 'pipeline');
    this._set.hidden = !this.changed;
    this._reset.hidden = !this.changed && source !== 'pipeline';
    this._line.say(this.changed && this.fits ? `%pipeline vars ${quoted(`${name}=${this.text}`)}` : '');
  }

  private readonly _control: IControl;
  private readonly _was: string;
  private readonly _asking: Asking;
  private readonly _line = command();
  private readonly _set = html('button', { type: 'button', class: 'jm-act' }, words('Set'));
  private readonly _reset = html('button', { type: 'button', class: 'jm-act' }, words('Reset'));
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

function facts(variable: IVariable): string {
  const parts: string[] = [];
  if (variable.source === 'pipeline') {
    parts.push(words('set for the pipeline'));
  } else if (variable.source === '') {
    parts.push(words('a run has to give it'));
  }
  if (variable.default !== null && variable.source === 'pipeline') {
    parts.push(words('default {value}', { value: variable.default }));
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
