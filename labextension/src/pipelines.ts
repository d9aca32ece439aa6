/**
 * The pipelines of the open notebooks: one source a notebook, kept while its kernel changes, for every screen that shows them.
 */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ISource } from './dag/model';
import { offer } from './dag/request';
import { KernelSource } from './sources/kernel';
import { Switch } from './sources/switch';

/** A notebook that is open, and what its kernel says of its pipeline. */
export interface INotebookPipeline {
  readonly panel: NotebookPanel;
  /** What to draw and to listen to; it stays the same when the kernel is another one. */
  readonly source: ISource;
  /** The kernel behind it, for requests; null where there is none. */
  readonly kernel: KernelSource | null;
}

export interface IPipelines {
  /** The pipeline of the notebook in front; it changes with the notebook. */
  readonly shown: ISource;
  /** The notebook in front, or null. */
  readonly front: INotebookPipeline | null;
  /** Every open notebook, in the order in which they were opened. */
  readonly all: readonly INotebookPipeline[];
  /** A notebook was opened. When it is closed its `panel` is disposed of. */
  readonly opened: ISignal<IPipelines, INotebookPipeline>;
  of(panel: NotebookPanel): INotebookPipeline | undefined;
  /** Ask that this block of the notebook in front is shown in the graph. */
  reveal(block: string): void;
  /** Hear what is asked to be shown. What it answers stops that. */
  readonly revealing: (listener: (block: string) => void) => () => void;
}

export const IPipelines = new Token<IPipelines>(
  'jupyter-mage:IPipelines',
  'The pipelines of the open notebooks, live.'
);

class NotebookPipeline implements INotebookPipeline {
  readonly source = new Switch();
  kernel: KernelSource | null = null;

  constructor(readonly panel: NotebookPanel) {
    panel.sessionContext.kernelChanged.connect(this._kernel, this);
    panel.disposed.connect(this._dispose, this);
    this._kernel();
  }

  private _kernel(): void {
    const found = this.panel.isDisposed ? null : (this.panel.sessionContext.session?.kernel ?? null);
    if (found === this.kernel?.kernel && found) {
      return;
    }
    const old = this.kernel;
    this.kernel = found ? new KernelSource(found) : null;
    if (this.kernel) {
      this.kernel.edits = edit => void offer(this.panel.node, { action: 'edit', edit });
    }
    this.source.use(this.kernel);
    old?.dispose();
  }

  private _dispose(): void {
    Signal.clearData(this);
    this.source.use(null);
    this.source.dispose();
    this.kernel?.dispose();
    this.kernel = null;
  }
}

export class Pipelines implements IPipelines {
  readonly shown = new Switch();
  readonly opened: Signal<IPipelines, INotebookPipeline> = new Signal(this);

  constructor(private readonly _tracker: INotebookTracker) {
    _tracker.widgetAdded.connect((_, panel) => this._add(panel));
    _tracker.currentChanged.connect(() => this._show());
    _tracker.forEach(panel => this._add(panel));
    this._show();
  }

  get front(): INotebookPipeline | null {
    const panel = this._tracker.currentWidget;
    return (panel && !panel.isDisposed && this._open.get(panel)) || null;
  }

  get all(): readonly INotebookPipeline[] {
    return [...this._open.values()];
  }

  of(panel: NotebookPanel): INotebookPipeline | undefined {
    return this._open.get(panel);
  }

  reveal(block: string): void {
    for (const listener of [...this._revealing]) {
      listener(block);
    }
  }

  readonly revealing = (listener: (block: string) => void): (() => void) => {
    this._revealing.add(listener);
    return () => this._revealing.delete(listener);
  };

  private _add(panel: NotebookPanel): void {
    const made = new NotebookPipeline(panel);
    this._open.set(panel, made);
    panel.disposed.connect(() => {
      this._open.delete(panel);
      this._show();
    });
    this.opened.emit(made);
    this._show();
  }

  private _show(): void {
    this.shown.use(this.front?.source ?? null);
  }

  private readonly _open = new Map<NotebookPanel, NotebookPipeline>();
  private readonly _revealing = new Set<(block: string) => void>();
}
