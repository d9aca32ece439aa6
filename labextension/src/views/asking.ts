/** One place on the screen that asks: it says that it waits, and what went wrong. Only the last answer counts. */

import type { Contract } from '../contract';
import { html } from '../dag/dom';
import { words } from '../dag/words';
import { read } from '../read';
import { command } from './command';
import { type IData, Refusal } from './data_source';

/** Milliseconds after which a wait is said; shorter ones would only flicker. */
const SOON = 350;

/** Where it waits for a cell to end, how often it is looked whether it still does. */
const AGAIN = 1000;

export class Asking {
  /** A line that is there while it waits, and where something went wrong. */
  readonly note = html('div', { class: 'jm-said', role: 'status' });

  /** Without `hints` only the sentence is said: where the field itself is the help. */
  constructor(
    private readonly _data: () => IData,
    private readonly _hints = true
  ) {
    this.note.hidden = true;
  }

  /** Ask; `then` gets the answer, unless something else was asked meanwhile. Gives whether it did. */
  async ask<K extends keyof Contract>(
    what: string,
    given: Record<string, unknown>,
    shape: K,
    then: (answer: Contract[K]) => void
  ): Promise<boolean> {
    return this.wait(this._data().ask(what, given), answer => then(read(shape, answer)));
  }

  /** The same for whatever else one waits for. */
  async wait<T>(promise: Promise<T>, then: (answer: T) => void): Promise<boolean> {
    const turn = ++this._turn;
    const current = () => turn === this._turn;
    clearTimeout(this._timer);
    const say = () => {
      if (current()) {
        this._say(html('span', {}, this._data().waits() || words('Asking the kernel…')));
        this._timer = setTimeout(say, AGAIN);
      }
    };
    this._timer = setTimeout(say, SOON);
    try {
      const answer = await promise;
      if (current()) {
        this.quiet();
        then(answer);
      }
      return current();
    } catch (error) {
      if (current()) {
        this.quiet();
        this.refuse(error);
      }
      return false;
    }
  }

  /** Say what went wrong, with the command that helps. */
  refuse(error: unknown): void {
    const said = html(
      'span',
      { class: 'jm-refusal' },
      error instanceof Error ? error.message : String(error)
    );
    const hint = error instanceof Refusal && this._hints ? error.hint : '';
    this._say(
      said,
      ...(hint ? [/^(%|!|jupyter mage )/.test(hint) ? command(hint).root : html('span', {}, hint)] : [])
    );
  }

  /** Nothing is waited for, and nothing wrong. */
  quiet(): void {
    clearTimeout(this._timer);
    this.note.hidden = true;
    this.note.replaceChildren();
  }

  /** Answers that are still to come no longer count. */
  forget(): void {
    this._turn++;
    this.quiet();
  }

  private _say(...what: HTMLElement[]): void {
    this.note.replaceChildren(...what);
    this.note.hidden = false;
  }

  private _turn = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
