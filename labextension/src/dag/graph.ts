/**
 * What a drawn graph offers to those that add to it: the mini-map, the search, a menu, editing.
 *
 * Each is a function that is given the graph, adds what it adds, and returns how to take it away again.
 */

import type { Camera } from './camera';
import type { IEdge, INode, IPicture, ISource } from './model';

export type Stop = () => void;

/** Something that is added to a graph. */
export type Addition = (graph: IGraph) => Stop;

/** A handler of keys that are pressed inside the graph: true where it took the key. */
export type KeyHandler = (event: KeyboardEvent) => boolean;

/** `moved`: another part is seen. `drawn`: other blocks or edges are there. `painted`: states changed. */
export type Happening = 'moved' | 'drawn' | 'painted' | 'selected';

export type Side = 'in' | 'out';

export interface IGraph {
  readonly root: HTMLElement;
  /** The part of `root` where the drawing is seen; overlays in pixels of the page belong into `root`. */
  readonly stage: HTMLElement;
  /** Above all cards, in units of the drawing: a line that is being drawn, say. */
  readonly overlay: SVGGElement;
  readonly source: ISource;
  readonly camera: Camera;

  /** What is drawn: of a picture with groups, as they are open or closed now. */
  picture(): IPicture | null;
  node(id: string): INode | undefined;
  /** The card at a point of the page (`event.clientX`, `event.clientY`), at any zoom. */
  nodeAt(clientX: number, clientY: number): INode | null;
  edgeAt(clientX: number, clientY: number): IEdge | null;
  /** A point of the page in units of the drawing. */
  pointAt(clientX: number, clientY: number): [number, number];
  /** The element of a block's card; null where it is out of sight and therefore not in the page. */
  element(id: string): SVGGElement | null;

  /** The block that has, or last had, the keyboard. */
  current(): INode | null;
  /** Give a block the keyboard, and bring it into sight. */
  go(id: string): void;
  /** Mark a block and its neighbours; an empty name marks none. */
  select(id: string): void;
  /** All but these blocks are faded, as long as `owner` says so; `null` ends it. */
  fade(owner: string, but: ReadonlySet<string> | null): void;
  /** Say something to those who cannot see it. */
  say(text: string): void;

  /** A button in the row of tools. */
  tool(button: HTMLElement): Stop;
  onKey(handler: KeyHandler): Stop;
  on(what: Happening, listener: () => void): Stop;
}

export interface IViewOptions {
  /** Whether a plain wheel moves the drawing (not in a notebook, where it scrolls). */
  wheelPans?: boolean;
  /** Pixels that the drawing may grow to: it is as high as it needs, up to this. */
  most: () => number;
  /** An element whose size `most` depends on. */
  room?: HTMLElement;
  /** What else is added, beside what every graph has. */
  with?: readonly Addition[];
  /**
   * A menu is wanted: by the right button, the menu key or Shift-F10. Of a block, of an edge, or of the ground (both null).
   * A keyboard event has no place: take that of `graph.element(node.id)`.
   */
  onContext?: (node: INode | null, event: MouseEvent | KeyboardEvent, edge: IEdge | null) => void;
  /** A port was pressed: where this is given, cards show ports on hover and focus, and a press on one does not move the drawing. */
  onPort?: (node: INode, side: Side, event: PointerEvent) => void;
}
