/** Questions to the kernel over CTRL, each with a number that its answer has too. They wait until the comm is open. */

import { Refusal } from '../views/data_source';

interface IQuestion {
  message: Record<string, unknown>;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type JSONValue = string | number | boolean | null | { [name: string]: JSONValue } | JSONValue[];

export class Questions {
  ask(what: string, given: Record<string, unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this._last;
      const question = { message: { ...given, type: 'ask', id, what }, resolve, reject };
      this._open.set(id, question);
      this._send?.(question.message as Record<string, JSONValue>);
    });
  }

  /** From now on they go this way; those that waited go at once. */
  use(send: (message: Record<string, JSONValue>) => void): void {
    this._send = send;
    this._open.forEach(question => send(question.message as Record<string, JSONValue>));
  }

  /** An answer came. One to no question of ours is nothing. */
  take(message: { id?: unknown; value?: unknown; error?: unknown; hint?: unknown }): void {
    const question = typeof message.id === 'number' ? this._open.get(message.id) : undefined;
    if (!question) {
      return;
    }
    this._open.delete(message.id as number);
    if (typeof message.error === 'string') {
      question.reject(new Refusal(message.error, typeof message.hint === 'string' ? message.hint : ''));
    } else {
      question.resolve(message.value);
    }
  }

  /** Nobody will answer any more. */
  drop(why: Refusal): void {
    const open = [...this._open.values()];
    this._open.clear();
    this._send = undefined;
    open.forEach(question => question.reject(why));
  }

  private _send: ((message: Record<string, JSONValue>) => void) | undefined;
  private _last = 0;
  private readonly _open = new Map<number, IQuestion>();
}
