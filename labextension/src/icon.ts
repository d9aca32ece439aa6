/** Our sign, in JupyterLab's colours. */

import { LabIcon } from '@jupyterlab/ui-components';

export const ICON = new LabIcon({
  name: 'jupyter-mage:pipeline',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161">
<rect x="3" y="3" width="8" height="6" rx="1.5"/><rect x="13" y="15" width="8" height="6" rx="1.5"/><rect x="3" y="15" width="8" height="6" rx="1.5"/>
<path d="M6.2 9h1.6v2.4h8.4a1.6 1.6 0 0 1 1.6 1.6v2h-1.6v-2h-8.4v2h-1.6z"/></g></svg>`
});
