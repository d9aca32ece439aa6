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
