/** Something beside each code cell of a notebook, however cells come, go and move. */

import type { CodeCell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';

/** Calls `attach` once for each code cell there is or will be; what that answers is called when the cell goes. */
export function eachCodeCell(notebook: Notebook, attach: (cell: CodeCell) => () => void): () => void {
  const attached = new Map<CodeCell, () => void>();
  let waiting = false;
  let stopped = false;

  const look = () => {
    waiting = false;
    if (stopped || notebook.isDisposed) {
      return;
    }
    const cells = new Set(notebook.widgets.filter(cell => cell.model.type === 'code') as CodeCell[]);
    for (const [cell, detach] of attached) {
      if (!cells.has(cell)) {
        attached.delete(cell);
        detach();
      }
    }
    for (const cell of cells) {
      if (!attached.has(cell)) {
        attached.set(cell, attach(cell));
      }
    }
  };
  const soon = () => {
    if (!waiting) {
      waiting = true;
      queueMicrotask(look); // when the notebook has made its own cells of the change
    }
  };
  const model = () => {
    notebook.model?.cells.changed.connect(soon);
    soon();
  };
  notebook.modelChanged.connect(model);
  model();
  return () => {
    stopped = true;
    notebook.modelChanged.disconnect(model);
    notebook.model?.cells.changed.disconnect(soon);
    attached.forEach(detach => detach());
    attached.clear();
  };
}
