/** Every block on a line of its own: filtered, chosen, run. */

import { html } from '../dag/dom';
import { mountList } from '../dag/list';
import { command } from './command';
import type { IView } from './view';

export const blocks: IView = {
  id: 'blocks',
  label: 'Blocks',
  sign: 'M2.5 4h1M2.5 8h1M2.5 12h1M6 4h7.5M6 8h7.5M6 12h7.5',
  alone: false,
  mount(host, { source }) {
    const list = html('div', { class: 'jm-blocks' });
    host.append(list);
    return { unmount: mountList(list, source, { tools: true, foot: command }) };
  }
};
