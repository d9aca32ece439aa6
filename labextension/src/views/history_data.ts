/** The data view's answers from what is on disk, with no kernel: of one run of one project. */

import type { BlockLine, RunDetail } from '../contract';
import { words } from '../dag/words';
import { type IData, Refusal } from './data_source';
import type { IHistory } from './history';

export class HistoryData implements IData {
  constructor(
    private readonly _history: IHistory,
    readonly project: string,
    readonly run: string
  ) {}

  /** The blocks of the run that gave something. */
  async blocks(): Promise<string[]> {
    const { blocks } = await this._detail();
    return blocks.filter(each => each.shape).map(each => each.name);
  }

  async ask(what: string, given: Record<string, unknown> = {}): Promise<unknown> {
    const first = Number(given.first) || 0;
    const block = String(given.block);
    const { project, run } = this;
    if (what === 'profile') {
      const profile = await this._history.profile({ project, run, block, first });
      return { origin: await this._origin(block), profile, first };
    }
    if (what === 'preview') {
      const [start, rows] = [Number(given.start) || 0, Number(given.rows) || undefined];
      const preview = await this._history.preview({ project, run, block, start, rows, first });
      return { origin: await this._origin(block), preview, image: null, first };
    }
    throw new Refusal(words('Only a kernel tells this: open the notebook and run its cells.'));
  }

  waits(): string {
    return words('Asking the Jupyter server…');
  }

  private async _origin(block: string): Promise<object> {
    const { blocks } = await this._detail();
    const line: Partial<BlockLine> = blocks.find(each => each.name === block) ?? {};
    const { status, started: at, seconds, sampled } = line;
    return { block, run: this.run, status, at, seconds, sampled, sample: null };
  }

  private _detail(): Promise<RunDetail> {
    this._known ??= this._history.run({ project: this.project, run: this.run });
    return this._known;
  }

  private _known: Promise<RunDetail> | undefined;
}
