/** A tile in the launcher: every pipeline on disk, before any notebook is open. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { offer } from '../dag/request';
import { ICON } from '../icon';

const COMMAND = 'jupyter-mage:open-projects';

export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:launcher',
  description: 'Adds a tile to the launcher that opens the pipelines on disk.',
  autoStart: true,
  optional: [ILauncher, ITranslator],
  activate: (app: JupyterFrontEnd, tiles: ILauncher | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('jupyter_mage');
    app.commands.addCommand(COMMAND, {
      label: trans.__('Pipelines'),
      caption: trans.__('Every pipeline on disk, and how it went last'),
      icon: ICON,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => void offer(document.body, { action: 'show', view: 'projects' })
    });
    tiles?.add({ command: COMMAND, category: trans.__('Other'), rank: 4 });
  }
};
