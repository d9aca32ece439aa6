/** From a block to the cell that defines it, and what can be done with that cell. */

import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';

import type { IPicture } from '../dag/model';
import { blockOf } from '../header';

/** Index of the cell of `block`, or -1: by the cell's identity, else by the header that it starts with. */
export function findCell(panel: NotebookPanel, picture: IPicture | null, block: string): number {
  const cells = panel.content.widgets;
  const id = picture?.nodes.find(node => node.id === block)?.cellId;
  const known = id ? cells.findIndex(cell => cell.model.id === id) : -1;
  return known >= 0
    ? known
    : cells.findIndex(
        cell => cell.model.type === 'code' && blockOf(cell.model.sharedModel.getSource()) === block
      );
}

/** Make the cell the active one and bring it into sight. */
export async function jump(panel: NotebookPanel, index: number): Promise<void> {
  panel.content.activeCellIndex = index;
  panel.content.deselectAll();
  await panel.content.scrollToItem(index, 'smart');
}

/** Run the cell as if its run button had been pressed: its output, the queue and the interrupt work as always. */
export async function runCell(panel: NotebookPanel, index: number): Promise<void> {
  const cell = panel.content.widgets[index];
  if (cell) {
    await NotebookActions.runCells(panel.content, [cell], panel.sessionContext);
  }
}

/** Index of the first cell whose first line is this magic, or -1. */
export function findMagic(panel: NotebookPanel, pattern: RegExp): number {
  return panel.content.widgets.findIndex(
    cell => cell.model.type === 'code' && pattern.test(cell.model.sharedModel.getSource().trim())
  );
}

/** Put cells below the active one, or in the place of the only one where that is empty; one undo takes them away. */
export function insertCells(panel: NotebookPanel, sources: readonly string[]): void {
  const notebook = panel.content;
  const shared = notebook.model?.sharedModel;
  if (!shared) {
    return;
  }
  const blank = notebook.widgets.length === 1 && !notebook.widgets[0]?.model.sharedModel.getSource().trim();
  const at = blank ? 0 : notebook.activeCellIndex + 1;
  shared.transact(() => {
    shared.insertCells(
      at,
      sources.map(source => ({ cell_type: 'code', source, metadata: {} }))
    );
    if (blank) {
      shared.deleteCell(sources.length);
    }
  });
  void jump(panel, at);
}
