/** What the views of history are made of: times as people say them, buttons with their command, notices. */

import { html } from '../dag/dom';
import { words } from '../dag/words';
import { command } from './command';

/** `2 min ago`, `yesterday, 14:02`, `3 Mar 2026, 09:15`. `now` and `at` are seconds since 1970. */
export function ago(at: number, now = Date.now() / 1000): string {
  const seconds = Math.max(0, now - at);
  if (seconds < 10) {
    return words('just now');
  }
  if (seconds < 60) {
    return words('{n} s ago', { n: Math.floor(seconds) });
  }
  if (seconds < 3600) {
    return words('{n} min ago', { n: Math.floor(seconds / 60) });
  }
  if (seconds < 6 * 3600) {
    return words('{n} h ago', { n: Math.floor(seconds / 3600) });
  }
  const then = new Date(at * 1000);
  const today = new Date(now * 1000);
  const clock = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === today.toDateString()) {
    return words('today, {clock}', { clock });
  }
  if (then.toDateString() === new Date(today.getTime() - 86400000).toDateString()) {
    return words('yesterday, {clock}', { clock });
  }
  const year = then.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return `${then.toLocaleDateString([], { day: 'numeric', month: 'short', year })}, ${clock}`;
}

/** Date and time to the second, for titles. */
export function moment(at: number): string {
  return new Date(at * 1000).toLocaleString();
}

/** `14:02:31.074` */
export function clock(at: number): string {
  const then = new Date(at * 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}.${String(then.getMilliseconds()).padStart(3, '0')}`;
}

/** Bytes in a few characters; the same words as Python's `size`. */
export function size(count: number): string {
  for (const [unit, factor] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3]
  ] as const) {
    if (count >= factor) {
      return `${(count / factor).toFixed(count < 10 * factor ? 1 : 0)} ${unit}`;
    }
  }
  return `${count} B`;
}

/** A line that says what is wrong, or that there is nothing; an empty text hides it. */
export function notice(): { root: HTMLElement; say: (text: string, wrong?: boolean) => void } {
  const root = html('p', { class: 'jm-notice', role: 'status' });
  root.hidden = true;
  return {
    root,
    say: (text, wrong = false) => {
      if (root.textContent !== text) {
        root.textContent = text;
      }
      root.hidden = !text;
      root.classList.toggle('jm-wrong', wrong);
    }
  };
}

export interface IAction {
  label: string;
  /** What to type for the same; an action without one is not offered. */
  command: string;
  /** What the button does; without it the command is only shown. */
  act?: () => unknown;
  main?: boolean;
}

/**
 * Buttons, and beneath them the command of the one that is pointed at or focused, ready to copy. A button is out of use while what
 * it started goes on; what goes wrong is said by `fail`.
 */
export function actions(fail: (message: string) => void): {
  root: HTMLElement;
  show: (offered: readonly IAction[]) => void;
} {
  const row = html('div', { class: 'jm-actions' });
  const line = command();
  const root = html('div', { class: 'jm-doing' }, row, line.root);
  let shown = '';
  const make = (each: IAction): HTMLElement => {
    const made = html(
      'button',
      { type: 'button', class: `jm-button jm-worded${each.main ? ' jm-main' : ''}`, title: each.command },
      each.label
    );
    const tell = () => line.say(each.command);
    made.addEventListener('pointerenter', tell);
    made.addEventListener('focus', tell);
    made.addEventListener('click', () => {
      tell();
      fail('');
      const going = each.act?.();
      if (going instanceof Promise) {
        made.disabled = true;
        void going.catch((error: unknown) => fail(message(error))).finally(() => (made.disabled = false));
      }
    });
    return made;
  };
  return {
    root,
    show: offered => {
      const useful = offered.filter(each => each.command);
      const key = JSON.stringify(useful.map(each => [each.label, each.command]));
      if (key === shown) {
        return; // what a hand or a reader is at stays
      }
      shown = key;
      row.replaceChildren(...useful.map(make));
      line.say(useful[0]?.command ?? '');
      root.hidden = !useful.length;
    }
  };
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A list to choose from; choosing calls `chosen`. Its choices may be set anew, and what is chosen stays where it can. */
export function choice(
  label: string,
  chosen: (value: string) => void
): {
  root: HTMLSelectElement;
  offer: (options: readonly (readonly [string, string])[], value: string) => void;
} {
  const root = html('select', { class: 'jm-select', 'aria-label': label, title: label });
  root.addEventListener('change', () => chosen(root.value));
  let shown = '';
  return {
    root,
    offer: (options, value) => {
      const key = JSON.stringify(options);
      if (key !== shown) {
        shown = key;
        root.replaceChildren(...options.map(([id, text]) => html('option', { value: id }, text)));
      }
      root.value = options.some(([id]) => id === value) ? value : (options[0]?.[0] ?? '');
    }
  };
}
