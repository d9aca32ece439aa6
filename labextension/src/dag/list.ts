/** Every block on a line of its own: what it is, how it went, and a button that runs it. Reads well where a drawing cannot. */

import { button, html, icon, lookOf } from './dom';
import type { Changed, INode, ISource, IState } from './model';
import { ask } from './request';
import { describe } from './view';

interface IRow {
  node: INode;
  row: HTMLElement;
  sign: HTMLElement;
  detail: HTMLElement;
  badge: HTMLElement;
  more: HTMLElement;
  shown: string;
}

export function mountList(host: HTMLElement, source: ISource): () => void {
  const root = html('ul', { class: 'jm-root jm-list', 'aria-label': 'Blocks' });
  host.append(root);
  let rows = new Map<string, IRow>();

  const make = (node: INode): IRow => {
    const sign = html('span', { class: 'jm-sign' });
    const detail = html('span', { class: 'jm-detail' });
    const badge = html(
      'span',
      { class: 'jm-badge', title: 'Made of a sample, not of all the data' },
      'SAMPLE'
    );
    badge.hidden = true;
    const more = html('div', { class: 'jm-more' });
    const dot = html('span', { class: 'jm-dot' });
    dot.style.setProperty('background', node.colour);
    const where = node.cell === null ? '' : ` (cell [${node.cell}])`;
    const jump = html(
      'button',
      { type: 'button', class: 'jm-jump', title: `Go to the cell of ${node.label}${where}` },
      sign,
      dot,
      html('span', { class: 'jm-blockname' }, node.label),
      html('span', { class: 'jm-chip' }, node.chip),
      detail,
      badge
    );
    jump.addEventListener('click', () => ask(root, source, { action: 'open', block: node.id }));
    const play = button('run', `Run ${node.label}`, () =>
      ask(root, source, { action: 'run-block', block: node.id })
    );
    const row = html('li', {}, html('div', { class: 'jm-row' }, jump, play), more);
    row.dataset.block = node.id;
    return { node, row, sign, detail, badge, more, shown: '' };
  };

  const paint = (row: IRow, state: IState | undefined) => {
    const status = state?.status ?? 'new';
    if (row.shown !== status) {
      row.sign.replaceChildren(icon(status));
      row.row.dataset.status = row.shown = status;
    }
    row.detail.textContent = state && (status !== 'new' || state.detail !== row.node.doc) ? short(state) : '';
    row.badge.hidden = !state?.sampled;
    const why = state?.error ?? (status === 'problem' ? state?.reason : undefined);
    row.more.textContent = why ? why + (state?.line ? `  (line ${state.line})` : '') : '';
    row.row
      .querySelector('.jm-jump')
      ?.setAttribute(
        'aria-label',
        describe(row.node, state ?? { status, detail: '' }).replaceAll('\n', ', ')
      );
  };

  const update = (changed: Changed) => {
    const picture = source.picture();
    root.classList.toggle('jm-lost', !source.live());
    if (changed === null) {
      const nodes = [...(picture?.nodes ?? [])].sort((a, b) => a.y - b.y || a.x - b.x);
      rows = new Map(nodes.map(node => [node.id, make(node)]));
      root.replaceChildren(...[...rows.values()].map(row => row.row));
    }
    for (const id of changed ?? rows.keys()) {
      const row = rows.get(id);
      if (row) {
        paint(row, picture?.states.get(id));
      }
    }
  };
  const stop = source.listen(update);
  update(null);
  return () => {
    stop();
    root.remove();
  };
}

/** The errors have a line of their own; here the state's word is enough. */
function short(state: IState): string {
  const said = state.status === 'failed' && state.items === undefined;
  return said || state.status === 'new' || state.status === 'problem'
    ? lookOf(state.status).label
    : state.detail;
}
