/** A text field that completes its last word: arrows choose, Enter or Tab takes, Escape leaves. */

import { html } from '../dag/dom';
import { words } from '../dag/words';

const MOST = 12;
let made = 0;

export interface ICompleting {
  readonly root: HTMLElement;
  readonly input: HTMLInputElement;
}

/** `offered` gives what may be meant by a word; `changed` hears of each new text. */
export function completing(
  label: string,
  placeholder: string,
  offered: (word: string) => string[],
  changed: () => void
): ICompleting {
  const id = `jm-completing-${++made}`;
  const list = html('ul', { class: 'jm-offered', role: 'listbox', id, 'aria-label': words('Suggestions') });
  const input = html('input', {
    type: 'text',
    role: 'combobox',
    'aria-label': label,
    'aria-autocomplete': 'list',
    'aria-controls': id,
    'aria-expanded': 'false',
    placeholder,
    autocomplete: 'off',
    spellcheck: 'false'
  });
  const root = html('div', { class: 'jm-completing' }, input, list);
  let at = -1;

  const mark = (place: number) => {
    at = place;
    [...list.children].forEach((each, n) => each.setAttribute('aria-selected', String(n === at)));
    const chosen = list.children[at];
    input.setAttribute('aria-activedescendant', chosen?.id ?? '');
    chosen?.scrollIntoView?.({ block: 'nearest' });
  };
  const close = () => {
    list.replaceChildren();
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    mark(-1);
  };
  const take = (text: string) => {
    input.value = input.value.replace(/\S*$/, '') + text;
    close();
    input.focus();
    changed();
  };
  const offer = () => {
    const word = /\S*$/.exec(input.value)?.[0] ?? '';
    const found = offered(word).filter(each => each !== word);
    close();
    if (!found.length) {
      return;
    }
    found.slice(0, MOST).forEach((text, n) => {
      const item = html('li', { role: 'option', id: `${id}-${n}`, 'aria-selected': 'false' }, text);
      item.addEventListener('pointerdown', event => {
        event.preventDefault(); // the field keeps the focus
        take(text);
      });
      list.append(item);
    });
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  };
  const key = (event: KeyboardEvent) => {
    const count = list.children.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !count && event.key === 'ArrowDown') {
      offer();
    } else if (step && count) {
      mark((at + step + count + (at < 0 && step < 0 ? 1 : 0)) % count);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && at >= 0) {
      take(list.children[at]?.textContent ?? '');
    } else if (event.key === 'Escape' && count) {
      close();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  close();
  input.addEventListener('input', () => {
    offer();
    changed();
  });
  input.addEventListener('keydown', key);
  input.addEventListener('blur', close);
  return { root, input };
}

/** Of names, what a selection's word may become: `clean`, `+clean`, `clean+`, `tag:daily`. */
export function selections(word: string, names: string[], tags: string[]): string[] {
  if (word.startsWith('tag:')) {
    return tags.map(tag => `tag:${tag}`).filter(each => each.startsWith(word));
  }
  const [, before = '', start = '', after = ''] = /^(\+?)([^+]*)(\+?)$/.exec(word) ?? [];
  const near = [
    ...names.filter(name => name.startsWith(start)),
    ...names.filter(name => !name.startsWith(start) && name.includes(start))
  ];
  if (names.includes(start)) {
    near.splice(near.indexOf(start), 1);
    const ways = [`+${start}`, `${start}+`, `+${start}+`].filter(each => each.startsWith(before) && !after);
    return [...ways, ...near.map(name => before + name)];
  }
  const found = near.map(name => before + name + after);
  return start || before ? found : [...found, ...tags.map(tag => `tag:${tag}`)];
}
