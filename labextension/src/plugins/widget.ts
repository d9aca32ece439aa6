/**
 * The widget: registers its model and view with the widget manager, where there is one.
 *
 * ipywidgets' part of JupyterLab is asked for when it is wanted, not when our script is read: where it is switched off or not
 * installed, all the rest of ours still works, and outputs show the graph as it was saved.
 */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { MODULE, VERSION } from '../sources/models';

export const widget: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:widget',
  description: 'The pipeline widget of a notebook.',
  autoStart: true,
  activate: async (app: JupyterFrontEnd) => {
    const base = await import('@jupyter-widgets/base').catch(() => null); // not there: said above
    const registry = base && (await app.resolveOptionalService(base.IJupyterWidgetRegistry));
    registry?.registerWidget({
      name: MODULE,
      version: VERSION,
      exports: async () => {
        const { DagModel, DagView } = await import('../sources/widget');
        return { DagModel, DagView };
      }
    });
  }
};
