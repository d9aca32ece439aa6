/** Small helpers for making elements. Words only ever go in as text, never as markup. */

import look from './look.json';
import { words } from './words';

const SVG = 'http://www.w3.org/2000/svg';

/** Any attribute but one that loads or runs something: `npm run lint` looks for those too. */
type Attributes = { [name: string]: string | number } & { [handler: `on${string}`]: never } & {
  [address in 'href' | 'src' | 'srcdoc' | 'style' | 'action' | 'formaction']?: never;
};

function set(element: Element, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    // eslint-disable-next-line no-restricted-syntax -- the one door: who calls it names the attribute, and the rule reads that
    element.setAttribute(key, String(value));
  }
}

export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, name) as SVGElementTagNameMap[K];
  set(element, attributes);
  element.append(...children);
  return element;
}

export function html<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  // eslint-disable-next-line no-restricted-syntax -- as above: the rule reads the name where it is said
  const element = document.createElement(name);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** The one element with an address: of these bytes, and of no other place. As an image a script in an SVG does nothing. */
export function image(attributes: Attributes, mime: `image/${string}`, base64: string): HTMLImageElement {
  const made = html('img', attributes);
  if (/^[\w+/=\s]*$/.test(base64)) {
    // eslint-disable-next-line no-restricted-syntax -- see above
    made.src = `data:${mime};base64,${base64}`;
  }
  return made;
}

interface ILook {
  label: string;
  path: string;
}

const LOOKS: Record<string, ILook> = look.statuses;
const KINDS: Record<string, { path: string }> = look.kinds;

/** The sign of a kind, in a box of 16; a kind that we do not know has the one of custom code. */
export function kindOf(kind: string): { path: string } {
  return (Object.prototype.hasOwnProperty.call(KINDS, kind) ? KINDS[kind] : undefined) ?? look.kinds.custom;
}

/** How a state looks, its label in the reader's language; one that we do not know looks like `new`, under its own name. */
export function lookOf(status: string): ILook {
  const known = Object.prototype.hasOwnProperty.call(LOOKS, status) ? LOOKS[status] : undefined;
  return known
    ? { label: words(known.label), path: known.path }
    : { label: status, path: look.statuses.new.path };
}

/** The round sign of a state: 16 × 16 units, drawn by CSS. */
export function glyph(status: string): SVGGElement {
  const sign = svg(
    'g',
    { class: 'jm-glyph' },
    svg('circle', { cx: 8, cy: 8, r: 8.5 }),
    svg('path', { d: lookOf(status).path })
  );
  sign.dataset.status = status;
  return sign;
}

export function setGlyph(sign: SVGElement, status: string): void {
  sign.dataset.status = status;
  sign.querySelector('path')?.setAttribute('d', lookOf(status).path);
}

/** The sign on its own, for lines of text. */
export function icon(status: string, size = 16): SVGSVGElement {
  return svg(
    'svg',
    { viewBox: '-1 -1 18 18', width: size, height: size, 'aria-hidden': 'true' },
    glyph(status)
  );
}

const ICONS = {
  run: 'M4.5 2.8v10.4l8.5 -5.2z',
  stop: 'M4 4h8v8h-8z',
  interrupt: 'M8.8 1.8l-5 7h3.6l-.9 5.4l5.2 -7.2h-3.8z',
  fit: 'M2.5 6v-3.5h3.5M10 2.5h3.5v3.5M13.5 10v3.5h-3.5M6 13.5h-3.5v-3.5',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0 -9M10.5 10.5l3.5 3.5',
  focus: 'M8 5.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0 -5M8 1.5v2.5M8 12v2.5M1.5 8h2.5M12 8h2.5',
  folded: 'M3 4.5h10v7h-10zM5 2.5h8M8 6.5v3M6.5 8h3',
  open: 'M3 4.5h10v7h-10zM5 2.5h8M6.5 8h3',
  help: 'M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7 .4 -1 .8 -1 1.6M8 12.3v.1',
  close: 'M4 4l8 8M12 4l-8 8',
  undo: 'M6 3.5l-3 3l3 3M3 6.5h6.5a3.5 3.5 0 0 1 0 7h-3',
  more: 'M3.5 8h.1M8 8h.1M12.5 8h.1',
  next: 'M4 6l4 4l4 -4',
  previous: 'M4 10l4 -4l4 4'
};

/** A button with a sign, and optionally a word. */
export function button(
  sign: keyof typeof ICONS,
  label: string,
  action: () => void,
  word = ''
): HTMLButtonElement {
  const filled = sign === 'run' || sign === 'stop' || sign === 'interrupt' ? 'jm-filled' : '';
  const made = html(
    'button',
    { type: 'button', class: `jm-button ${filled}`, title: label, 'aria-label': label },
    svg(
      'svg',
      { viewBox: '0 0 16 16', width: 14, height: 14, 'aria-hidden': 'true' },
      svg('path', { d: ICONS[sign] })
    ),
    word
  );
  made.addEventListener('click', event => {
    event.stopPropagation();
    action();
  });
  return made;
}

/** How long, in a few characters; the same words as Python's `duration`. */
export function duration(seconds: number): string {
  if (seconds < 0.001) {
    return '<1 ms';
  }
  if (seconds < 0.1) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  }
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  }
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
