/** Over a list of blocks: a field that filters it, and what runs the chosen ones. */

import { button, html, lookOf } from './dom';
import type { INode, IState } from './model';
import { words } from './words';

/** `tag:daily kind:custom failed clean`: what each word asks of a block. All have to fit. */
export function fits(asked: string, node: INode, state: IState | undefined): boolean {
  const status = state?.status ?? 'new';
  const label = lookOf(status).label;
  const kinds = [node.kind, node.kindLabel, words(node.kindLabel)];
  const states = [status, label, words(label)];
  const fields: Record<string, string[]> = {
    name: [node.id, node.label],
    kind: kinds,
    state: states,
    tag: node.tags,
    language: [node.language, node.chip]
  };
  const has = (values: string[], word: string) => values.some(value => value.toLowerCase().includes(word));
  return asked
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every(word => {
      const [field = '', ...rest] = word.split(':');
      const values = Object.prototype.hasOwnProperty.call(fields, field) ? fields[field] : undefined;
      return values && rest.length
        ? has(values, rest.join(':'))
        : Object.values(fields).some(each => has(each, word));
    });
}

export class ListTools {
  readonly root: HTMLElement;

  constructor(changed: () => void, run: (x: number, y: number) => void) {
    this._field.addEventListener('input', changed);
    this._field.addEventListener('keydown', event => {
      if (event.key === 'Escape' && this._field.value) {
        this._field.value = '';
        changed();
        event.stopPropagation();
      }
    });
    const act = button(
      'run',
      words('Run some or all of them'),
      () => {
        const box = act.getBoundingClientRect();
        run(box.left, box.bottom + 2);
      },
      words('Run')
    );
    act.setAttribute('aria-haspopup', 'menu');
    act.classList.add('jm-main');
    this.root = html(
      'div',
      { class: 'jm-root jm-listtools', role: 'group', 'aria-label': words('Blocks') },
      this._field,
      this._count,
      act
    );
  }

  matches(node: INode, state: IState | undefined): boolean {
    return fits(this._field.value, node, state);
  }

  say(seen: number, all: number, chosen: number, clear: () => void): void {
    const parts: Node[] = [];
    if (chosen) {
      parts.push(html('span', {}, words('{n} chosen', { n: chosen })));
      parts.push(button('close', words('Choose none'), clear));
    } else if (seen < all) {
      parts.push(html('span', {}, words('{n} of {all}', { n: seen, all })));
    }
    this._count.replaceChildren(...parts);
  }

  private readonly _field = html('input', {
    type: 'search',
    class: 'jm-field',
    placeholder: words('Filter: name, kind, state, tag:daily'),
    'aria-label': words('Filter blocks by name, kind, state, tag or language'),
    spellcheck: 'false'
  });
  private readonly _count = html('span', { class: 'jm-found', role: 'status' });
}
