/** What part of a drawing is seen, and how large: pan by dragging, zoom by Ctrl or Cmd and the wheel, or by buttons. */

export interface ICameraOptions {
  /** Whether a plain wheel moves the drawing. In a notebook it must not: it scrolls the notebook. */
  wheelPans: boolean;
  changed: () => void;
}

/** A part of the drawing, in its own units. */
export interface IBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

const LEAST = 0.08;
const MOST = 2.5;
/** Below this the first look shows a part of the drawing instead of all of it: words would be too small to read. */
export const READABLE = 0.28;
/** How large that part is shown. */
const PART = 0.5;

export class Camera {
  x = 0;
  y = 0;
  scale = 1;
  /** Whether the reader chose this view; a new size of the window then keeps it. */
  chosen = false;
  /** Pixels at the bottom that a whole drawing leaves free, where there is room for it. */
  below = 0;
  /** Whether the last press became a drag, so that its click is none. */
  dragged = false;

  constructor(
    private readonly host: Element,
    private readonly options: ICameraOptions
  ) {
    const on = { signal: this._stop.signal };
    host.addEventListener('wheel', event => this._wheel(event as WheelEvent), { ...on, passive: false });
    host.addEventListener('pointerdown', event => this._down(event as PointerEvent), on);
    host.addEventListener('pointermove', event => this._move(event as PointerEvent), on);
    for (const end of ['pointerup', 'pointercancel']) {
      host.addEventListener(end, () => this._up(), on);
    }
  }

  dispose(): void {
    this._stop.abort();
  }

  get width(): number {
    return this.host.clientWidth || 1;
  }

  get height(): number {
    return this.host.clientHeight || 1;
  }

  /** What is seen, in the drawing's units; with `margin` of its own size around it. */
  seen(margin = 0): IBox {
    const [width, height] = [this.width / this.scale, this.height / this.scale];
    return {
      x: -this.x / this.scale - width * margin,
      y: -this.y / this.scale - height * margin,
      width: width * (1 + 2 * margin),
      height: height * (1 + 2 * margin)
    };
  }

  /** Show all of a drawing of this size; or, unless `all`, as much as can be read, from the top. */
  fit(width: number, height: number, all = false): void {
    const whole = Math.min(1, this.width / width, this.height / height);
    this._least = Math.min(LEAST, whole);
    this.scale = all || whole >= READABLE ? whole : PART;
    this.x = (this.width - width * this.scale) / 2;
    this.y = Math.max(0, (this.height - this.below - height * this.scale) / 2);
    this.chosen = false;
    this.apply();
  }

  /** Show this box, as large as it may be; at least as large as can be read, unless `all`. */
  show(box: IBox, most = 1, all = true): void {
    const [side, top] = [12, 44]; // a bar may stand at the top
    const wide = (this.width - 2 * side) / box.width;
    const high = (this.height - top - side) / box.height;
    this.scale = Math.max(all ? this._least : READABLE, Math.min(most, wide, high));
    this.centre(box.x + box.width / 2, box.y + box.height / 2 - (top - side) / 2 / this.scale);
  }

  /** Bring this point of the drawing to the middle. */
  centre(x: number, y: number): void {
    this.x = this.width / 2 - x * this.scale;
    this.y = this.height / 2 - y * this.scale;
    this.chosen = true;
    this.apply();
  }

  zoom(factor: number, cx = this.width / 2, cy = this.height / 2): void {
    const scale = Math.min(MOST, Math.max(this._least, this.scale * factor));
    this.x = cx - ((cx - this.x) * scale) / this.scale;
    this.y = cy - ((cy - this.y) * scale) / this.scale;
    this.scale = scale;
    this.chosen = true;
    this.apply();
  }

  /** Move as little as is needed for this box (in the drawing's units) to be seen. */
  reveal(x: number, y: number, width: number, height: number): void {
    const edge = 4;
    const left = x * this.scale + this.x;
    const top = y * this.scale + this.y;
    const right = left + width * this.scale;
    const bottom = top + height * this.scale;
    const dx = left < edge ? edge - left : right > this.width - edge ? this.width - edge - right : 0;
    const dy = top < edge ? edge - top : bottom > this.height - edge ? this.height - edge - bottom : 0;
    if (dx || dy) {
      this.x += dx;
      this.y += dy;
      this.apply();
    }
  }

  /** Whether all of a drawing of this size is seen; `large`: at its own size or more. */
  sees(width: number, height: number, large = true): boolean {
    const right = this.x + width * this.scale;
    const bottom = this.y + height * this.scale;
    const all = this.x >= -1 && this.y >= -1 && right <= this.width + 1 && bottom <= this.height + 1;
    return all && (!large || this.scale >= 1);
  }

  apply(): void {
    this.options.changed();
  }

  private _wheel(event: WheelEvent): void {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const box = this.host.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY * 0.004), event.clientX - box.left, event.clientY - box.top);
    } else if (this.options.wheelPans) {
      event.preventDefault();
      this.x -= event.shiftKey ? event.deltaY : event.deltaX;
      this.y -= event.shiftKey ? 0 : event.deltaY;
      this.chosen = true;
      this.apply();
    }
  }

  private _down(event: PointerEvent): void {
    this.dragged = false;
    if (event.button === 0) {
      this._from = {
        x: event.clientX - this.x,
        y: event.clientY - this.y,
        px: event.clientX,
        py: event.clientY
      };
    }
  }

  private _move(event: PointerEvent): void {
    if (!this._from || event.buttons === 0) {
      this._from = null;
      return;
    }
    if (!this.dragged) {
      if (Math.hypot(event.clientX - this._from.px, event.clientY - this._from.py) < 5) {
        return;
      }
      this.dragged = true;
      this.host.setPointerCapture?.(event.pointerId);
      this.host.classList.add('jm-dragging');
    }
    this.x = event.clientX - this._from.x;
    this.y = event.clientY - this._from.y;
    this.chosen = true;
    this.apply();
  }

  private _up(): void {
    this._from = null;
    this.host.classList.remove('jm-dragging');
  }

  private readonly _stop = new AbortController();
  private _from: { x: number; y: number; px: number; py: number } | null = null;
  private _least = LEAST;
}
