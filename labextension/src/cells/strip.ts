/** The line over a block's cell: its name, how it goes, how long it took and what it gave. No Jupyter in here. */

import { duration, html, icon, lookOf } from '../dag/dom';
import { type INode, type IState } from '../dag/model';
import { words } from '../dag/words';
import { describe } from '../dag/view';

export interface IShown {
  /** The block's name, as the cell's header says it. */
  name: string;
  /** As the header says them, until the kernel knows better. */
  kind: string;
  language: string;
  /** The block as the kernel knows it, or null where it does not. */
  node: INode | null;
  state: IState | null;
  /** Whether the kernel still stands behind it. */
  live: boolean;
  /** Something that only the notebook knows: the cell was edited, another cell defines this block. */
  note: string;
}

export class Strip {
  readonly node = html('div', { class: 'jm-root jm-strip' });

  constructor(open: (name: string) => void) {
    this.node.append(this._button);
    this._button.append(
      this._sign,
      this._name,
      this._kind,
      this._chip,
      this._word,
      this._detail,
      this._badge,
      this._note
    );
    this._button.addEventListener('click', () => open(this._shown?.name ?? ''));
    this._button.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.stopPropagation(); // the notebook would edit or scroll
      }
    });
  }

  /** Whether it counts seconds just now. */
  get counting(): boolean {
    return this._since !== null;
  }

  show(shown: IShown, now: number): void {
    this._shown = shown;
    const { node, live, note } = shown;
    const state = shown.state ?? { status: 'new', detail: '' };
    if (this._button.dataset.status !== state.status) {
      this._button.dataset.status = state.status;
      this._sign.replaceChildren(icon(state.status, 14));
    }
    this._since = state.status === 'running' && live ? (this._since ?? now) : null;
    this.node.classList.toggle('jm-lost', node !== null && !live);
    this.node.style.setProperty('--jm-kind', node?.colour ?? 'var(--jm-line)');
    this._name.textContent = shown.name;
    this._kind.textContent = node?.kindLabel ?? shown.kind.replace(/^data_/, '').replaceAll('_', ' ');
    const language = node?.language ?? shown.language;
    this._chip.textContent = language === 'python' ? '' : (node?.chip ?? language.toUpperCase().slice(0, 6));
    this._badge.hidden = !state.sampled;
    this._note.textContent = note;
    const label = lookOf(state.status).label;
    const said = node ? describe(node, state).replaceAll('\n', ', ') : `${shown.name}: ${label}`;
    const lost = live || !node ? '' : words('the kernel that ran it is gone');
    const title = [said, note, lost, words('show it in the graph')].filter(Boolean).join(', ');
    this._button.title = title;
    this._button.setAttribute('aria-label', title);
    this.tick(now);
  }

  /** What runs says for how long. */
  tick(now: number): void {
    const state = this._shown?.state ?? { status: 'new', detail: '' };
    const label = lookOf(state.status).label;
    this._word.textContent = label;
    const detail = told(state, label);
    if (this._since === null) {
      this._detail.textContent = detail;
    } else {
      const time = duration(Math.floor((now - this._since) / 1000) || 0.5).replace(/\.\d+/, '');
      this._detail.textContent = [detail, time].filter(Boolean).join(' · ');
    }
  }

  private readonly _sign = html('span', { class: 'jm-sign' });
  private readonly _name = html('span', { class: 'jm-blockname' });
  private readonly _kind = html('span', { class: 'jm-kind' });
  private readonly _chip = html('span', { class: 'jm-chip' });
  private readonly _word = html('span', { class: 'jm-word' });
  private readonly _detail = html('span', { class: 'jm-detail' });
  private readonly _badge = html(
    'span',
    { class: 'jm-badge', title: words('Made of a sample, not of all the data') },
    words('SAMPLE')
  );
  private readonly _note = html('span', { class: 'jm-note' });
  private readonly _button = html('button', { type: 'button', class: 'jm-strip-open' });
  private _since: number | null = null;
  private _shown: IShown | null = null;
}

/** A state's detail beside its word: what the word has said already is left out. */
function told(state: IState, label: string): string {
  if (state.status === 'new') {
    return '';
  }
  const error = state.error
    ? state.error + (state.line ? ` (${words('line {n}', { n: state.line })})` : '')
    : '';
  const detail = state.items === undefined && error ? error : state.detail;
  const parts = detail.split(' · ');
  return parts.filter(part => part.toLowerCase() !== label.toLowerCase()).join(' · ');
}
