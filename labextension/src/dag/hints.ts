/** What flowed along the edge that is pointed at or has the keyboard; and, when it is opened where no panel is, all that is known. */

import { middle } from './culling';
import { button, html } from './dom';
import { facts, keyOf, say } from './edges';
import type { Addition } from './graph';
import type { IEdge, INode } from './model';
import { bubble, describe } from './nodes';
import type { View } from './view';
import { words } from './words';

export const hints: Addition = graph => {
  const view = graph as View;
  const hint = bubble('jm-hint');
  const box = bubble('jm-facts');
  hint.setAttribute('aria-hidden', 'true'); // the edge and the card say the same by their names
  hint.hidden = box.hidden = true;
  box.setAttribute('role', 'dialog');
  box.tabIndex = -1;
  view.root.append(hint, box);
  let shown: IEdge | null = null;

  const place = (element: HTMLElement, x: number, y: number) => {
    const { camera } = view;
    const left = Math.min(
      camera.width - element.offsetWidth - 6,
      Math.max(6, x * camera.scale + camera.x + 10)
    );
    const top = Math.min(
      camera.height - element.offsetHeight - 6,
      Math.max(6, y * camera.scale + camera.y + 8)
    );
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
  };
  const tell = (edge: IEdge | null, node: INode | null = null) => {
    hint.hidden = !edge && !node;
    if (edge) {
      const state = view.state(edge.source);
      hint.replaceChildren(
        html('strong', {}, `${edge.source} → ${edge.target}`),
        facts(edge, state).join(', ')
      );
      hint.dataset.alert = edge.orderOnly ? '' : (state.flow?.alert ?? '');
      place(hint, ...middle(edge.path));
    } else if (node) {
      const [first = '', ...more] = describe(node, view.state(node.id)).split('\n');
      hint.replaceChildren(html('strong', {}, first), more.slice(0, 3).join(', '));
      place(hint, node.x + node.width, node.y + node.height);
    }
  };
  const close = () => {
    const held = box.contains(document.activeElement);
    box.hidden = true;
    if (held && shown) {
      view.goEdge(shown);
    }
    shown = null;
  };
  view.explain = edge => {
    shown = edge;
    hint.hidden = true;
    const state = view.state(edge.source);
    box.setAttribute('aria-label', say(edge, state));
    box.replaceChildren(
      html('strong', {}, `${edge.source} → ${edge.target}`),
      button('close', words('Close'), close),
      html('ul', {}, ...facts(edge, state).map(fact => html('li', {}, fact)), ...rows(state.detail))
    );
    box.hidden = false;
    place(box, ...middle(edge.path));
    box.focus({ preventScroll: true });
  };

  const stop = new AbortController();
  const on = { signal: stop.signal };
  view.stage.addEventListener(
    'pointermove',
    event => {
      const line = (event.target as Element).closest<SVGGElement>('.jm-edge');
      const edge = line
        ? view.edge(keyOf({ source: line.dataset.source ?? '', target: line.dataset.target ?? '' }))
        : null;
      const small = view.root.classList.contains('jm-dots')
        ? view.nodeAt(event.clientX, event.clientY)
        : null;
      tell(event.buttons ? null : (edge ?? null), event.buttons ? null : small);
    },
    on
  );
  view.stage.addEventListener('pointerleave', () => tell(null), on);
  view.stage.addEventListener(
    'focusin',
    event => {
      tell((event.target as Element).closest('.jm-edge') ? view.onEdge() : null);
    },
    on
  );
  view.stage.addEventListener('focusout', () => tell(null), on);
  const stops = [
    view.on('moved', () => shown && place(box, ...middle(shown.path))),
    view.on('drawn', () => {
      hint.hidden = box.hidden = true;
      shown = null;
    }),
    view.onKey(event => {
      if (event.key === 'Escape' && !box.hidden) {
        close();
        return true;
      }
      return false;
    })
  ];
  return () => {
    stop.abort();
    stops.forEach(each => each());
    hint.remove();
    box.remove();
  };
};

function rows(detail: string): HTMLElement[] {
  return detail ? [html('li', {}, detail)] : [];
}
