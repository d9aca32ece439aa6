/** What the side panel is made of: views, one a tab. No Jupyter in this folder. */

import type { ISource, ISubject } from '../dag/model';
import type { IData } from './data_source';
import type { IHistory, Place } from './history';

export interface IContext {
  /** The pipeline of the notebook in front. */
  readonly source: ISource;
  /** What else its kernel, or a server, tells of it. */
  readonly data: IData;
  /** What is on disk, with no kernel; null where nobody can tell. */
  readonly history: IHistory | null;
  /** Which project is looked at. */
  readonly place: Place;
  /** Hear which block the reader is at, elsewhere on the page; what it answers stops that. */
  readonly marked?: (listener: (block: string) => void) => () => void;
  /** Up to so many blocks are listed below the graph. */
  readonly mostListed?: () => number;
  /** Go to another view, at something. */
  show(view: string, subject?: ISubject): void;
}

export interface IMounted {
  unmount(): void;
  /** The view came into sight or left it: one that is out of sight asks for nothing. */
  seen?(yes: boolean): void;
  open?(subject: ISubject): void;
}

export interface IView {
  /** Its name in requests and in the address of the tab. */
  id: string;
  /** In English; the tab says it in the reader's language. */
  label: string;
  /** The tab's sign: a path in a box of 16, drawn as a line. */
  sign: string;
  /** Whether it says something without a pipeline in front. */
  alone: boolean;
  mount(host: HTMLElement, context: IContext): IMounted;
}
