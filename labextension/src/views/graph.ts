/** The graph, and the blocks beneath it. */

import { html } from '../dag/dom';
import { editing } from '../dag/editing';
import { mountList } from '../dag/list';
import { type Addition, mount } from '../dag/view';
import { command } from './command';
import type { IView } from './view';

/** Of the view's height, what the drawing may take. */
const SHARE = 0.6;

export const graph: IView = {
  id: 'graph',
  label: 'Graph',
  sign: 'M3 2.5h4v3h-4zM9 10.5h4v3h-4zM3 10.5h4v3h-4zM5 5.5v5M5 8h6v2.5',
  alone: false,
  mount(host, { source }) {
    const drawing = html('div', { class: 'jm-graph' });
    const blocks = html('div', { class: 'jm-blocks' });
    host.append(drawing, blocks);
    const most = () => Math.max(160, host.clientHeight * SHARE);
    let mark: (block: string) => void = () => undefined;
    const marked: Addition = graph => {
      mark = block => {
        graph.select(block);
        graph.go(block);
      };
      return () => undefined;
    };
    const edits = editing(command);
    const parts = [
      mount(drawing, source, { ...edits, wheelPans: true, room: host, most, with: [...edits.with, marked] }),
      mountList(blocks, source, { foot: command })
    ];
    return { unmount: () => parts.forEach(stop => stop()), open: ({ block }) => block && mark(block) };
  }
};
