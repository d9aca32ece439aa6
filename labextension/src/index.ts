/** What this extension adds to JupyterLab, one plugin a line. */

import { bodies } from './plugins/bodies';
import { commands } from './plugins/commands';
import { contents } from './plugins/contents';
import { launcher } from './plugins/launcher';
import { mime } from './plugins/mime';
import { panel } from './plugins/panel';
import { pipelines } from './plugins/pipelines';
import { servers } from './plugins/servers';
import { strips } from './plugins/strips';
import { widget } from './plugins/widget';

export default [pipelines, commands, panel, strips, bodies, servers, contents, widget, mime, launcher];
