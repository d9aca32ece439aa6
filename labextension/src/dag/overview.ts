/** All blocks as one picture, for when they are too small to be cards; and the same picture, smaller, for the mini-map. */

import type { IBox } from './camera';
import { html } from './dom';
import type { IDrawing } from './model';
import type { View } from './view';

/** Drawn at once, over many blocks: an ink a state. */
const INKS: Record<string, string> = {
  running: '--jm-blue',
  waiting: '--jm-blue',
  succeeded: '--jm-green',
  fresh: '--jm-green',
  cached: '--jm-teal',
  stale: '--jm-amber',
  retrying: '--jm-amber',
  skipped: '--jm-amber',
  leaky: '--jm-amber',
  failed: '--jm-red',
  problem: '--jm-red'
};

export class Overview {
  readonly canvas = html('canvas', { class: 'jm-overview', 'aria-hidden': 'true' });

  constructor(private readonly view: View) {}

  use(drawing: IDrawing | null): void {
    this._drawing = drawing;
    this._lines = null;
  }

  /** Cover this part of the drawing, or be away. */
  show(shown: boolean, area: IBox): void {
    this.canvas.hidden = !shown;
    this._area = shown ? area : null;
    this._now();
  }

  /** Draw again soon: states, marks or what has the keyboard changed. */
  draw(): void {
    if (this._area && !this._waiting) {
      this._waiting = requestAnimationFrame(() => this._now());
    }
  }

  private _now(): void {
    cancelAnimationFrame(this._waiting);
    this._waiting = 0;
    const [area, drawing] = [this._area, this._drawing];
    if (!area || !drawing) {
      return;
    }
    const { scale } = this.view.camera;
    const dense = window.devicePixelRatio || 1;
    const [width, height] = [area.width * scale, area.height * scale];
    this.canvas.style.transform = `translate(${area.x * scale}px,${area.y * scale}px)`;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.ceil(width * dense);
    this.canvas.height = Math.ceil(height * dense);
    const context = this.canvas.getContext('2d');
    if (context) {
      context.setTransform(
        dense * scale,
        0,
        0,
        dense * scale,
        -area.x * dense * scale,
        -area.y * dense * scale
      );
      this._lines ??= linesOf(drawing);
      paint(context, this.view, drawing, { lines: this._lines, area, least: 2 / scale });
    }
  }

  private _drawing: IDrawing | null = null;
  private _lines: Path2D | null = null;
  private _area: IBox | null = null;
  private _waiting = 0;
}

/** Every edge in one path: stroked at once. */
export function linesOf(drawing: IDrawing): Path2D {
  const all = new Path2D();
  for (const edge of drawing.edges) {
    all.addPath(new Path2D(edge.path));
  }
  return all;
}

interface IHow {
  lines: Path2D | null;
  area: IBox;
  /** No card is drawn smaller than this, in the drawing's units. */
  least: number;
}

/** Draw all cards that meet the area, in their states' inks; the context stands in the drawing's units. */
export function paint(context: CanvasRenderingContext2D, view: View, drawing: IDrawing, how: IHow): void {
  const colour = inks(view.root);
  const { area, least } = how;
  if (how.lines) {
    context.globalAlpha = view.root.classList.contains('jm-fading') ? 0.25 : 0.6;
    context.strokeStyle = colour('--jm-edge');
    context.lineWidth = Math.max(1.5, least / 3);
    context.stroke(how.lines);
  }
  const boxes = new Map<string, Path2D>();
  for (const { id, x, y, width, height } of drawing.nodes) {
    if (x > area.x + area.width || y > area.y + area.height || x + width < area.x || y + height < area.y) {
      continue;
    }
    const ink = `${view.faded(id) ? '0.15' : '1'} ${INKS[view.state(id).status] ?? '--jm-quiet'}`;
    const path = boxes.get(ink) ?? new Path2D();
    boxes.set(ink, path);
    path.rect(x, y, Math.max(width, least), Math.max(height, least));
  }
  for (const [ink, path] of boxes) {
    const [alpha = '1', name = ''] = ink.split(' ');
    context.globalAlpha = Number(alpha);
    context.fillStyle = colour(name);
    context.fill(path);
  }
  context.globalAlpha = 1;
  const marked = view.selected() || (view.stage.contains(document.activeElement) ? view.current()?.id : '');
  const node = marked ? view.node(marked) : undefined;
  if (node) {
    context.strokeStyle = colour('--jm-text');
    context.lineWidth = least * 1.2;
    context.strokeRect(node.x - least, node.y - least, node.width + 2 * least, node.height + 2 * least);
  }
}

/** The value of one of our colours as a canvas takes it; asked once a name for each drawing. */
function inks(root: HTMLElement): (name: string) => string {
  const probe =
    root.querySelector<HTMLElement>('.jm-probe') ?? root.appendChild(html('i', { class: 'jm-probe' }));
  const known = new Map<string, string>();
  return name => {
    const there = known.get(name);
    if (there !== undefined) {
      return there;
    }
    probe.style.color = `var(${name})`;
    const made = getComputedStyle(probe).color || '#888';
    known.set(name, made);
    return made;
  };
}
