/** Asking for something: first the page (the side panel takes it), then the source itself. */

import type { IRequest, ISource } from './model';

export const REQUEST = 'jupyter-mage:request';

/** Say on the page that `request` is wanted; whether somebody took it. */
export function offer(from: Element, request: IRequest): boolean {
  const event = new CustomEvent<IRequest>(REQUEST, { bubbles: true, cancelable: true, detail: request });
  return !from.dispatchEvent(event);
}

/** Say on the page that `request` is wanted; where nobody takes it, the source gets it. */
export function ask(from: Element, source: ISource, request: IRequest): void {
  if (!offer(from, request)) {
    source.request(request);
  }
}
