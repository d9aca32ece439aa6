/** The pipelines of the open notebooks, as a service that other plugins ask for. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { IPipelines, Pipelines } from '../pipelines';

export const pipelines: JupyterFrontEndPlugin<IPipelines> = {
  id: 'jupyter-mage:pipelines',
  description: 'Follows the pipelines of the open notebooks.',
  autoStart: true,
  requires: [INotebookTracker],
  provides: IPipelines,
  activate: (_, tracker: INotebookTracker) => new Pipelines(tracker)
};
