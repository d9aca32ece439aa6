/** The views' answers from what is on disk, with no kernel: of a pipeline's file, or of one run of it. */

import { type IPicture, readPicture } from '../dag/model';
import { words } from '../dag/words';
import { type IData, Refusal } from './data_source';
import { type IHistory, type IOnDisk, Refused } from './history';

type Given = Record<string, unknown>;

/** What the Jupyter server refuses, as a kernel refuses it. */
async function refusing<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof Refused ? new Refusal(error.said, error.hint) : error;
  }
}

function waits(): string {
  return words('Asking the Jupyter server…');
}

/** Of one run of a project, whatever became of its file. */
export class HistoryData implements IData {
  readonly waits = waits;

  constructor(
    private readonly _history: IHistory,
    readonly project: string,
    readonly run: string
  ) {}

  /** The blocks of the run that gave something, and its graph. */
  async about(): Promise<{ blocks: string[]; picture: IPicture | null }> {
    const asked = { project: this.project, run: this.run };
    const [{ blocks }, { picture }] = await Promise.all([
      this._history.run(asked),
      this._history.picture(asked)
    ]);
    return {
      blocks: blocks.filter(each => each.shape).map(each => each.name),
      picture: readPicture(picture)
    };
  }

  ask(what: string, given: Given = {}): Promise<unknown> {
    const { project, run } = this;
    const first = Number(given.first) || 0;
    const block = String(given.block);
    switch (what) {
      case 'edge': {
        const [source, target] = [String(given.source), String(given.target)];
        return refusing(this._history.edge({ project, run, source, target }));
      }
      case 'profile':
        return refusing(this._history.profile({ project, run, block, first }));
      case 'preview': {
        const [start, rows] = [Number(given.start) || 0, Number(given.rows) || undefined];
        return refusing(this._history.preview({ project, run, block, start, rows, first }));
      }
    }
    return Promise.reject(new Refusal(words('This is not told of a run that was.')));
  }
}

/** Of a pipeline's file and all that ran of it: what its kernel would say, from the server. */
export class DiskData implements IData {
  readonly waits = waits;

  constructor(
    private readonly _history: IHistory,
    private readonly _where: () => Promise<IOnDisk>
  ) {}

  async ask(what: string, given: Given = {}): Promise<unknown> {
    return refusing(this._history.ask({ ...(await this._where()), what, given }));
  }

  /** Start a run, as a process of its own; gives its id, empty where that is not known yet. */
  async start(how: { selection?: string; force?: boolean; variables?: Record<string, string> }) {
    const where = await this._where();
    const { run } = await refusing(this._history.start({ ...where, ...how }));
    return { project: where.project, run };
  }
}
