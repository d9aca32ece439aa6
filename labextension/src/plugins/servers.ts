/** Language servers see the bodies of blocks, where JupyterLab talks to any (its own client, or jupyterlab-lsp). */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILSPCodeExtractorsManager } from '@jupyterlab/lsp';
import { INotebookTracker } from '@jupyterlab/notebook';

import { extractors, type ISurroundings, unmasked } from '../cells/virtual';
import { eachCodeCell } from '../cells/watch';
import { blockOf } from '../header';
import { type INotebookPipeline, IPipelines } from '../pipelines';

/** What stands around a cell with this text in the notebook in front. */
function around(tracker: INotebookTracker, code: string): ISurroundings {
  const sources = (tracker.currentWidget?.content.widgets ?? [])
    .filter(cell => cell.model.type === 'code')
    .map(cell => cell.model.sharedModel.getSource());
  const place = sources.indexOf(code);
  const above = place < 0 ? [] : sources.slice(0, place);
  const names = above.flatMap(source => [...source.matchAll(/^([A-Za-z_]\w*)[ \t]*(?::[^=\n]*)?=(?!=)/gm)]);
  return { blocks: sources.map(blockOf).filter(Boolean), bound: new Set(names.map(found => found[1] ?? '')) };
}

/** A cell that a language server's client wrote back as the server saw it becomes itself again. */
function mend({ panel }: INotebookPipeline): void {
  const stop = eachCodeCell(panel.content, cell => {
    const shared = cell.model.sharedModel;
    const look = () => {
      const source = shared.getSource();
      const own = source.includes('jupyter_mage') ? unmasked(source) : source;
      if (own !== source) {
        queueMicrotask(() => shared.setSource(own));
      }
    };
    shared.changed.connect(look);
    return () => shared.changed.disconnect(look);
  });
  panel.disposed.connect(stop);
}

export const servers: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:language-servers',
  description: 'Shows the bodies of blocks to language servers.',
  autoStart: true,
  requires: [IPipelines, INotebookTracker],
  optional: [ILSPCodeExtractorsManager],
  activate: (
    _,
    pipelines: IPipelines,
    tracker: INotebookTracker,
    manager: ILSPCodeExtractorsManager | null
  ) => {
    if (manager) {
      extractors(code => around(tracker, code)).forEach(each => manager.register(each, 'python'));
      pipelines.all.forEach(mend);
      pipelines.opened.connect((_, opened) => mend(opened));
    }
  }
};
