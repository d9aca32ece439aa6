/**
 * Blocks in the table of contents: each stands under the heading above its cell, and a click goes there.
 *
 * The notebook's own table of contents asks each code cell for its headings (those in outputs, by default); a block's cell names
 * itself first. So the running marks, the active heading and the folding are the notebook's own.
 */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell, CodeCell, MarkdownCell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import { ITableOfContentsTracker, type TableOfContents } from '@jupyterlab/toc';

import { eachCodeCell } from '../cells/watch';
import { headOf, type IHead } from '../header';
import { type INotebookPipeline, IPipelines } from '../pipelines';

/** `Cell.HeadingType.HTML`; the package of cells is not loaded for it. */
const HTML = 0;
const DEEPEST = 6;

/** The level of what stands under the nearest heading above the cell. */
function levelBelow(notebook: Notebook, cell: Cell, config: TableOfContents.IConfig | undefined): number {
  const deepest = config?.maximalDepth ?? DEEPEST;
  if (config?.numberHeaders) {
    return deepest; // so that the numbers of the notebook's own headings stay
  }
  const cells = notebook.widgets;
  for (let at = cells.indexOf(cell) - 1; at >= 0; at--) {
    const above = cells[at];
    const headings = above?.model.type === 'markdown' ? (above as MarkdownCell).headings : [];
    const last = headings[headings.length - 1];
    if (last) {
      return Math.min(last.level + 1, deepest);
    }
  }
  return 1;
}

function kindOf(head: IHead): string {
  return head.kind || (head.upstreams === null ? '' : head.upstreams.length ? 'transformer' : 'data_loader');
}

function entry(
  { panel, source }: INotebookPipeline,
  cell: CodeCell,
  tracker: ITableOfContentsTracker
): Cell.IHeading | null {
  const head = headOf(cell.model.sharedModel.getSource());
  if (head?.sort !== 'block' || !head.name) {
    return null;
  }
  const kind = source.picture()?.nodes.find(node => node.id === head.name)?.kind ?? kindOf(head);
  return {
    type: HTML as Cell.HeadingType,
    text: head.name,
    level: levelBelow(panel.content, cell, tracker.get(panel)?.configuration),
    id: `jupyter-mage-${head.name}`, // of no element: the notebook goes to the cell itself
    dataset: { 'data-jm-block': head.name, 'data-jm-kind': kind }
  } as Cell.IHeading;
}

function name(pipeline: INotebookPipeline, tracker: ITableOfContentsTracker): void {
  const stop = eachCodeCell(pipeline.panel.content, cell => {
    const inOutputs = cell.getHeadings.bind(cell);
    cell.getHeadings = async () => {
      const own = entry(pipeline, cell, tracker);
      const others = await inOutputs();
      return own ? [own, ...others] : others;
    };
    return () => (cell.getHeadings = inOutputs);
  });
  pipeline.panel.disposed.connect(stop);
}

export const contents: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:contents',
  description: 'Names blocks in the table of contents.',
  autoStart: true,
  requires: [IPipelines],
  optional: [ITableOfContentsTracker],
  activate: (_, pipelines: IPipelines, tracker: ITableOfContentsTracker | null) => {
    if (tracker) {
      pipelines.all.forEach(each => name(each, tracker));
      pipelines.opened.connect((_, each) => name(each, tracker));
    }
  }
};
