/** What the views of history ask for; who answers (a server, a kernel, a test) is not known here. */

import type {
  LogPage,
  Preview,
  Profile,
  Projects,
  RunDetail,
  RunDiff,
  RunPicture,
  RunsPage,
  Started
} from '../contract';

/** Of a question that may wait: answer when something else was written than `stamp` tells, or after so many seconds. */
export interface IWait {
  stamp?: string;
  wait?: number;
}

export interface IRunsAsked extends IWait {
  project: string;
  pipeline?: string;
  status?: string;
  /** Runs older than this one. */
  before?: string;
  limit?: number;
}

export interface IRunAsked extends IWait {
  project: string;
  run: string;
  /** What was known at this sequence number is not told again. */
  after?: number;
}

export interface ILogsAsked extends IRunAsked {
  block?: string;
  search?: string;
}

export interface IStartAsked {
  project: string;
  pipeline: string;
  selection?: string;
  force?: boolean;
}

/** Each answer is complete (see `sources/read.ts`); what goes wrong is an Error with a sentence for people. */
export interface IHistory {
  projects(stop?: AbortSignal): Promise<Projects>;
  runs(asked: IRunsAsked, stop?: AbortSignal): Promise<RunsPage>;
  run(asked: IRunAsked, stop?: AbortSignal): Promise<RunDetail>;
  picture(asked: IRunAsked, stop?: AbortSignal): Promise<RunPicture>;
  logs(asked: ILogsAsked, stop?: AbortSignal): Promise<LogPage>;
  diff(asked: { project: string; before: string; after: string }, stop?: AbortSignal): Promise<RunDiff>;
  preview(
    asked: { project: string; run: string; block: string; start?: number; rows?: number; first?: number },
    stop?: AbortSignal
  ): Promise<Preview>;
  profile(
    asked: { project: string; run: string; block: string; first?: number },
    stop?: AbortSignal
  ): Promise<Profile>;
  start(asked: IStartAsked): Promise<Started>;
  rerun(asked: { project: string; run: string }): Promise<Started>;
  resume(asked: { project: string; run: string }): Promise<Started>;
  cancel(asked: { project: string; run: string }): Promise<Started>;
}

/** Which project is looked at: the folder of the notebook in front, or one that was chosen since. */
export class Place {
  /** From the server's root; empty for the root itself, null where nothing was chosen yet. */
  get project(): string | null {
    return this._project;
  }

  choose(project: string | null): void {
    if (project !== this._project) {
      this._project = project;
      for (const listener of [...this._listeners]) {
        listener();
      }
    }
  }

  listen(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  private _project: string | null = null;
  private readonly _listeners = new Set<() => void>();
}
