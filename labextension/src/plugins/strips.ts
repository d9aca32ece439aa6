/** At each block's cell: its name, state, time and rows, live. Nothing of it is written into the notebook. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeCell, ICodeCellModel } from '@jupyterlab/cells';

import { Strip } from '../cells/strip';
import { eachCodeCell } from '../cells/watch';
import type { INode } from '../dag/model';
import { ask } from '../dag/request';
import { words } from '../dag/words';
import { blockOf, headOf } from '../header';
import { type INotebookPipeline, IPipelines } from '../pipelines';

/** The strips of one notebook. */
class Strips {
  constructor(private readonly _pipeline: INotebookPipeline) {
    const { panel, source } = _pipeline;
    this._nodes = nodesOf(_pipeline);
    const stop = [
      eachCodeCell(panel.content, cell => this._attach(cell)),
      source.listen(changed => this._update(changed))
    ];
    panel.disposed.connect(() => {
      stop.forEach(each => each());
      clearInterval(this._clock);
    });
  }

  private _attach(cell: CodeCell): () => void {
    const made = new CellStrip(cell, this._pipeline, this);
    this._strips.add(made);
    made.update();
    this._count();
    return () => {
      this._strips.delete(made);
      made.dispose();
    };
  }

  /** The block of this name, as the kernel knows it. */
  node(name: string): INode | null {
    return this._nodes.get(name) ?? null;
  }

  private _update(changed: string[] | null): void {
    const names = changed && new Set(changed);
    if (!names) {
      this._nodes = nodesOf(this._pipeline);
    }
    for (const strip of this._strips) {
      if (!names || names.has(strip.name)) {
        strip.update();
      }
    }
    this._count();
  }

  /** One clock for all that count, and none while nothing does. */
  private _count(): void {
    const counting = [...this._strips].some(strip => strip.counting);
    if (counting && !this._clock) {
      this._clock = window.setInterval(() => this._strips.forEach(strip => strip.tick()), 1000);
    } else if (!counting && this._clock) {
      clearInterval(this._clock);
      this._clock = 0;
    }
  }

  /** What each cell said when it last ran: a cell that is moved forgets that it was edited. */
  readonly ran = new Map<string, string>();
  private readonly _strips = new Set<CellStrip>();
  private _nodes: Map<string, INode>;
  private _clock = 0;
}

function nodesOf({ source }: INotebookPipeline): Map<string, INode> {
  return new Map(source.picture()?.nodes.map(node => [node.id, node]));
}

/** A code cell, and the strip that it has while its text defines a block. */
class CellStrip {
  name = '';

  constructor(
    private readonly _cell: CodeCell,
    private readonly _pipeline: INotebookPipeline,
    private readonly _all: Strips
  ) {
    this._model = _cell.model;
    this._model.sharedModel.changed.connect(this._edited, this);
    this._model.stateChanged.connect(this._state, this);
  }

  get counting(): boolean {
    return this._strip?.counting ?? false;
  }

  tick(): void {
    this._strip?.tick(performance.now());
  }

  update(): void {
    if (this._cell.isDisposed) {
      return;
    }
    const head = headOf(this._model.sharedModel.getSource());
    this.name = head?.sort === 'block' ? head.name : '';
    if (!head || !this.name) {
      this._strip?.node.remove();
      this._strip = null;
      return;
    }
    this._strip ??= this._make();
    const { source, panel } = this._pipeline;
    const picture = source.picture();
    const node = this._all.node(this.name);
    const id = this._model.id;
    const other =
      node?.cellId && node.cellId !== id
        ? panel.content.widgets.find(
            each => each.model.id === node.cellId && blockOf(each.model.sharedModel.getSource()) === this.name
          )
        : undefined;
    const known = other ? null : node;
    const edited = known !== null && this._edits();
    this._strip.show(
      {
        name: this.name,
        kind: head.kind,
        language: head.language,
        node: known,
        state: (known && picture?.states.get(this.name)) ?? null,
        live: source.live(),
        note: other ? words('another cell defines it') : edited ? words('edited since') : ''
      },
      performance.now()
    );
  }

  dispose(): void {
    this._model.sharedModel.changed.disconnect(this._edited, this);
    this._model.stateChanged.disconnect(this._state, this);
    this._strip?.node.remove();
    this._strip = null;
  }

  private _state(_: unknown, change: { name: string; newValue?: unknown }): void {
    if (change.name === 'executionCount' && change.newValue !== null) {
      this._all.ran.set(this._model.id, this._model.sharedModel.getSource());
    }
    this.update();
  }

  /** Whether it says something else than when it ran. */
  private _edits(): boolean {
    const ran = this._all.ran.get(this._model.id);
    const now = this._model.sharedModel.getSource();
    return this._model.executionCount !== null && (ran === undefined ? this._model.isDirty : ran !== now);
  }

  private _edited(_: unknown, change: { sourceChange?: unknown }): void {
    if (change.sourceChange) {
      this.update();
    }
  }

  private _make(): Strip {
    const strip: Strip = new Strip(block =>
      ask(strip.node, this._pipeline.source, { action: 'show', view: 'graph', subject: { block } })
    );
    // a cell that was never in sight has no parts yet
    void this._cell.ready.then(() => {
      if (this._strip === strip) {
        this._cell.node.querySelector(':scope > .jp-Cell-inputWrapper')?.before(strip.node);
      }
    });
    return strip;
  }

  /** The cell's own, which the cell forgets when it goes. */
  private readonly _model: ICodeCellModel;
  private _strip: Strip | null = null;
}

export const strips: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:strips',
  description: 'Shows name, state and time of a block at its cell.',
  autoStart: true,
  requires: [IPipelines],
  activate: (_, pipelines: IPipelines) => {
    for (const each of pipelines.all) {
      new Strips(each);
    }
    pipelines.opened.connect((_, each) => new Strips(each));
  }
};
