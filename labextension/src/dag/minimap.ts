/** The whole pipeline, small, in a corner, and which part of it is seen. For the mouse; the keyboard has ways of its own. */

import { html } from './dom';
import type { Addition } from './graph';
import { paint } from './overview';
import type { View } from './view';

const WIDTH = 150;
const HEIGHT = 100;
/** The least stage that has room for it. */
const ROOM = [340, 200] as const;

export const minimap: Addition = graph => {
  const view = graph as View;
  const canvas = html('canvas', {});
  const frame = html('div', { class: 'jm-frame' });
  const map = html('div', { class: 'jm-minimap', 'aria-hidden': 'true' }, canvas, frame);
  view.root.append(map);
  let scale = 1;
  let waiting = 0;

  const draw = () => {
    waiting = 0;
    const [width, height] = view.size();
    const picture = view.picture();
    scale = Math.min(WIDTH / width, HEIGHT / height);
    const dense = window.devicePixelRatio || 1;
    map.style.width = `${Math.max(8, width * scale)}px`;
    map.style.height = `${Math.max(8, height * scale)}px`;
    canvas.width = Math.ceil(width * scale * dense);
    canvas.height = Math.ceil(height * scale * dense);
    const context = map.hidden ? null : canvas.getContext('2d');
    if (context && picture) {
      context.setTransform(dense * scale, 0, 0, dense * scale, 0, 0);
      paint(context, view, picture, { lines: null, area: { x: 0, y: 0, width, height }, least: 1.5 / scale });
    }
  };
  const soon = () => {
    if (!waiting && !map.hidden) {
      waiting = requestAnimationFrame(draw);
    }
  };
  const moved = () => {
    const { camera } = view;
    const hidden =
      camera.sees(...view.size(), false) ||
      camera.width < ROOM[0] ||
      camera.height < ROOM[1] ||
      !view.picture()?.nodes.length;
    if (hidden !== map.hidden) {
      map.hidden = hidden;
      soon();
    }
    if (!hidden) {
      const seen = camera.seen();
      const [width, height] = view.size();
      const [left, top] = [Math.max(0, seen.x), Math.max(0, seen.y)];
      frame.style.left = `${left * scale}px`;
      frame.style.top = `${top * scale}px`;
      frame.style.width = `${Math.max(4, (Math.min(width, seen.x + seen.width) - left) * scale)}px`;
      frame.style.height = `${Math.max(4, (Math.min(height, seen.y + seen.height) - top) * scale)}px`;
    }
  };
  const press = (event: PointerEvent) => {
    if (event.type === 'pointerdown' || event.buttons) {
      const box = map.getBoundingClientRect();
      view.camera.centre((event.clientX - box.left) / scale, (event.clientY - box.top) / scale);
      map.setPointerCapture?.(event.pointerId);
      event.stopPropagation();
      event.preventDefault();
    }
  };
  map.addEventListener('pointerdown', press);
  map.addEventListener('pointermove', press);
  map.hidden = true;
  const stops = [
    view.on('drawn', () => {
      draw();
      moved();
    }),
    view.on('painted', soon),
    view.on('moved', moved)
  ];
  return () => {
    cancelAnimationFrame(waiting);
    stops.forEach(stop => stop());
    map.remove();
  };
};
