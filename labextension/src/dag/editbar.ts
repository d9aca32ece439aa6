/** What an edit came to: its command, ready to copy, and Undo; or why it cannot be. */

import { button, html } from './dom';
import type { IFoot } from './menu';
import type { ITold } from './model';
import { words } from './words';

/** A line that shows a command, ready to copy. */
export type MakeFoot = () => IFoot;

/** What begins like this is typed; other hints are only read. */
const TYPED = /^(%|#\||@|jupyter )/;

export class EditBar {
  readonly root = html('div', {
    class: 'jm-root jm-editbar',
    role: 'group',
    'aria-label': words('Last edit')
  });

  constructor(
    makeFoot: MakeFoot | null,
    /** Says something to those who cannot see it. */
    private readonly speak: (text: string) => void,
    /** The person closed it. */
    private readonly closed: () => void = () => undefined
  ) {
    this._foot = makeFoot?.();
    this.root.hidden = true;
  }

  get shown(): boolean {
    return !this.root.hidden;
  }

  get canUndo(): boolean {
    return this._undo !== undefined;
  }

  tell(told: ITold): void {
    if (!told.error && !told.command) {
      return; // the person changed their mind
    }
    this._undo = told.undo;
    this.speak(told.error ?? [told.command, ...told.notes].join('. '));
    const parts: Node[] = told.error ? [html('p', { class: 'jm-refused' }, told.error)] : [];
    const next = told.error ? (told.hint ?? '') : told.command;
    const typed = !told.error || TYPED.test(next);
    this._foot?.say(next);
    if (this._foot && next && typed) {
      parts.push(this._foot.root);
    } else if (next) {
      parts.push(html('p', {}, next));
    }
    parts.push(...told.notes.map(note => html('p', {}, note)));
    this._fill(parts);
  }

  say(text: string): void {
    this._undo = undefined;
    this.speak(text);
    this._fill([html('p', {}, text)]);
  }

  hide(): void {
    this.root.hidden = true;
  }

  undo(): void {
    const undo = this._undo;
    this._undo = undefined;
    this.hide();
    undo?.();
    this.speak(words('Undone'));
  }

  private _fill(parts: Node[]): void {
    const tools = html('span', { class: 'jm-bartools' });
    if (this._undo) {
      tools.append(button('undo', words('Undo: Ctrl Z'), () => this.undo(), words('Undo')));
    }
    const close = () => {
      this.hide();
      this.closed();
    };
    tools.append(button('close', words('Close'), close));
    this.root.replaceChildren(html('div', { class: 'jm-barwords' }, ...parts), tools);
    this.root.hidden = false;
  }

  private readonly _foot: IFoot | undefined;
  private _undo: (() => void) | undefined;
}
