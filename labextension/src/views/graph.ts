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
  mount(host, { source, marked, mostListed }) {
    const drawing = html('div', { class: 'jm-graph' });
    const blocks = html('div', { class: 'jm-blocks' });
    host.append(drawing, blocks);
    const most = () => Math.max(160, host.clientHeight * (blocks.hidden ? 1 : SHARE));
    const marks: Addition = graph => {
      at = block => {
        graph.select(block);
        const node = graph.node(block);
        if (node) {
          graph.camera.reveal(node.x, node.y, node.width, node.height);
        }
      };
      go = block => {
        at(block);
        graph.go(block);
      };
      return () => undefined;
    };
    let at: (block: string) => void = () => undefined;
    let go = at;
    const few = () => (blocks.hidden = (source.picture()?.nodes.length ?? 0) > (mostListed?.() ?? Infinity));
    few();
    const edits = editing(command);
    const parts = [
      source.listen(changed => changed === null && few()),
      mount(drawing, source, { ...edits, wheelPans: true, room: host, most, with: [...edits.with, marks] }),
      mountList(blocks, source, { foot: command }),
      marked?.(block => at(block)) ?? (() => undefined)
    ];
    return { unmount: () => parts.forEach(stop => stop()), open: ({ block }) => block && go(block) };
  }
};
