/** What the views of history ask for; who answers (a server, a kernel, a test) is not known here. */

import type {
  EdgeFlow,
  LogPage,
  Profiled,
  ProjectLine,
  Projects,
  RunDetail,
  RunDiff,
  RunPicture,
  RunsPage,
  Shown,
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

/** A pipeline on disk. */
export interface IOnDisk {
  project: string;
  pipeline: string;
  /** The notebook's name, or the project folder's: several files may have a pipeline of this name. */
  file?: string;
}

export interface IStartAsked extends IOnDisk {
  selection?: string;
  force?: boolean;
  /** As they are typed. */
  variables?: Record<string, string>;
}

/** Each answer is complete (see `read.ts`); what goes wrong is a `Refused`. */
export interface IHistory {
  projects(stop?: AbortSignal): Promise<Projects>;
  pipelines(asked: { project: string }, stop?: AbortSignal): Promise<ProjectLine>;
  runs(asked: IRunsAsked, stop?: AbortSignal): Promise<RunsPage>;
  run(asked: IRunAsked, stop?: AbortSignal): Promise<RunDetail>;
  picture(asked: IRunAsked, stop?: AbortSignal): Promise<RunPicture>;
  logs(asked: ILogsAsked, stop?: AbortSignal): Promise<LogPage>;
  diff(asked: { project: string; before: string; after: string }, stop?: AbortSignal): Promise<RunDiff>;
  preview(
    asked: { project: string; run: string; block: string; start?: number; rows?: number; first?: number },
    stop?: AbortSignal
  ): Promise<Shown>;
  profile(
    asked: { project: string; run: string; block: string; first?: number },
    stop?: AbortSignal
  ): Promise<Profiled>;
  edge(
    asked: { project: string; run: string; source: string; target: string },
    stop?: AbortSignal
  ): Promise<EdgeFlow>;
  /** What a kernel with this pipeline would be asked; the answer is still to be read. */
  ask(
    asked: IOnDisk & { what: string; given: Record<string, unknown> },
    stop?: AbortSignal
  ): Promise<unknown>;
  start(asked: IStartAsked): Promise<Started>;
  rerun(asked: { project: string; run: string }): Promise<Started>;
  resume(asked: { project: string; run: string }): Promise<Started>;
  cancel(asked: { project: string; run: string }): Promise<Started>;
}

/** Why the server did not do what was asked; its message has the hint in it. */
export class Refused extends Error {
  constructor(
    /** The sentence alone. */
    readonly said: string,
    readonly hint = ''
  ) {
    super([said, hint].filter(Boolean).join('\n→ '));
  }
}

/** Which project is looked at: the folder of the notebook in front, or one that was chosen since. */
export class Place {
  /** The notebook in front, from the server's root; empty where there is none. */
  notebook = '';

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

  /** The pipeline on disk that was chosen, whatever the notebook in front is; null: none was, since that came. */
  get chosen(): IOnDisk | null {
    return this._chosen?.at === this.notebook ? this._chosen.pipeline : null;
  }

  /** Look at this pipeline on disk, in every view; null for the notebook in front again. */
  choosePipeline(pipeline: IOnDisk | null): void {
    this._chosen = pipeline && { pipeline, at: this.notebook };
    if (pipeline) {
      this.choose(pipeline.project);
    }
    for (const listener of [...this._choosing]) {
      listener();
    }
  }

  /** Hear when another pipeline on disk was chosen. */
  listenChosen(listener: () => void): () => void {
    this._choosing.add(listener);
    return () => this._choosing.delete(listener);
  }

  listen(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  private _project: string | null = null;
  private _chosen: { pipeline: IOnDisk; at: string } | null = null;
  private readonly _choosing = new Set<() => void>();
  private readonly _listeners = new Set<() => void>();
}
