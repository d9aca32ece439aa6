/** Where the views' answers come from: the kernel of the notebook in front, or a server that reads what it left. */

import type { Image } from '../contract';

export interface IData {
  /** The answer, to be read by its shape (`read.ts`). Rejects with a `Refusal`. */
  ask(what: string, given?: Record<string, unknown>): Promise<unknown>;
  /** Run a line in the kernel, as a cell would; missing where there is none. Rejects with a `Refusal`. */
  execute?(command: string): Promise<IOutcome>;
  /** Why an answer may take long, as a sentence; empty where it should not. */
  waits(): string;
}

/** What a line that was run has shown. */
export interface IOutcome {
  text: string;
  images: Image[];
}

/** A question or a command that was not answered as hoped: why, and what to type. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly hint = ''
  ) {
    super(message);
  }
}
