/** What this extension adds to JupyterLab, one plugin a line. */

import { mime } from './plugins/mime';
import { panel } from './plugins/panel';
import { pipelines } from './plugins/pipelines';
import { widget } from './plugins/widget';

export default [pipelines, panel, widget, mime];
