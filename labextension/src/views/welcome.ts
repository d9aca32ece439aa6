/** What stands where there is no pipeline to show, and over one whose kernel is gone: what to type, and a button that does it. */

import { html } from '../dag/dom';
import type { ISource } from '../dag/model';
import { words } from '../dag/words';

/** The first pipeline that one tries: two blocks, and the graph of them. */
export const FIRST = [
  '%load_ext jupyter_mage',
  '%%block numbers\n[1, 2, 3]',
  '%%block total(numbers)\nsum(numbers)',
  '%pipeline'
];

/** What the page can do about it. */
export interface IHelp {
  /** Whether a notebook is in front. */
  notebook(): boolean;
  /** Put these cells into the notebook in front. */
  insert(cells: readonly string[]): void;
  /** Load our package again in its kernel, which was restarted. */
  load(): void;
  /** Go to a tab of the panel. */
  show(view: string): void;
}

export function welcome(help: IHelp): { root: HTMLElement; look: () => void } {
  const insert = act(words('Insert these cells'), () => help.insert(FIRST));
  insert.classList.add('jm-first');
  const projects = act(words('Open a pipeline on disk'), () => help.show('projects'));
  const title = html('h3', {});
  const how = html('p', {});
  const root = html(
    'div',
    { class: 'jm-root jm-welcome' },
    title,
    how,
    html('pre', { tabindex: 0, 'aria-label': words('Cells of a first pipeline') }, FIRST.join('\n\n')),
    html('p', { class: 'jm-try' }, insert, projects)
  );
  const look = () => {
    const there = help.notebook();
    title.textContent = there ? words('No pipeline in this notebook yet') : words('No notebook is open');
    how.textContent = there
      ? words('A cell that starts with a header is a block, and the graph of them draws itself here. Try it:')
      : words('In a notebook, a cell that starts with a header is a block, and the graph draws itself here:');
    insert.hidden = !there;
  };
  look();
  return { root, look };
}

/** The line over a pipeline that is only remembered. */
export function lost(source: ISource, help: IHelp): { root: HTMLElement; look: () => void } {
  const root = html('div', { class: 'jm-root jm-lostnote', role: 'status' });
  let shown = false;
  const look = () => {
    const gone = source.picture() !== null && !source.live();
    if (gone !== shown) {
      shown = gone;
      root.hidden = !gone;
      root.replaceChildren(...(gone ? said(help) : []));
    }
  };
  root.hidden = true;
  look();
  return { root, look };
}

function said(help: IHelp): HTMLElement[] {
  return [
    html(
      'span',
      {},
      words('The kernel has restarted: this is how its pipeline was. What was stored is still there.')
    ),
    act(words('Load it again'), () => help.load())
  ];
}

function act(label: string, action: () => void): HTMLButtonElement {
  const made = html('button', { type: 'button', class: 'jm-act' }, label);
  made.addEventListener('click', action);
  return made;
}
