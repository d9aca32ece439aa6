/** The command that does what a button does, ready to copy. Every action of a view shows its own. */

import { html, svg } from '../dag/dom';
import { words } from '../dag/words';

export interface ICommand {
  readonly root: HTMLElement;
  /** The command that is shown. */
  text(): string;
  /** Show another command; an empty one hides the line. */
  say(text: string): void;
}

const COPY = 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z';
const DONE = 'M3 8.5l3.2 3.2L13 4.8';

/** Milliseconds for which the button says that it has copied. */
const SAID = 2000;

/** `%pipeline run clean+` and a button that copies it. */
export function command(text = ''): ICommand {
  const code = html('code', {}, text);
  const sign = svg('path', { d: COPY });
  const copy = html(
    'button',
    { type: 'button', class: 'jm-button' },
    svg('svg', { viewBox: '0 0 16 16', width: 14, height: 14, 'aria-hidden': 'true' }, sign)
  );
  const spoken = html('span', { class: 'jm-spoken', role: 'status' });
  const root = html('div', { class: 'jm-command' }, code, copy, spoken);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const name = (label: string) => {
    copy.title = label;
    copy.setAttribute('aria-label', label);
  };
  const rest = () => {
    sign.setAttribute('d', COPY);
    spoken.textContent = '';
    name(words('Copy the command'));
  };
  const done = (copied: boolean) => {
    clearTimeout(timer);
    const said = copied ? words('Copied') : words('Selected: copy it with the keyboard');
    sign.setAttribute('d', copied ? DONE : COPY);
    spoken.textContent = said;
    name(said);
    timer = setTimeout(rest, SAID);
  };
  copy.addEventListener('click', () => void copyText(code).then(done));
  const say = (next: string) => {
    code.textContent = next;
    root.hidden = !next;
    rest();
  };
  say(text);
  return { root, say, text: () => code.textContent ?? '' };
}

/** Copy what an element says. False where the browser lets nobody: it is then selected, for the reader's own keys. */
async function copyText(element: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(element.textContent ?? ''); // missing on a page that is not served securely
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    const copied = document.execCommand?.('copy') === true;
    if (copied) {
      getSelection()?.removeAllRanges();
    }
    return copied;
  }
}
