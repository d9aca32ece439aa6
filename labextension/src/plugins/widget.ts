/** The widget: registers its model and view with the widget manager, where there is one. */

import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { DagModel, DagView, MODULE, VERSION } from '../sources/widget';

export const widget: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:widget',
  description: 'The pipeline widget of a notebook.',
  autoStart: true,
  optional: [IJupyterWidgetRegistry],
  activate: (_, registry: IJupyterWidgetRegistry | null) => {
    registry?.registerWidget({ name: MODULE, version: VERSION, exports: { DagModel, DagView } });
  }
};
