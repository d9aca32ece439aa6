/**
 * An edit of the graph, made where the truth is: in the text of the notebook's cells.
 *
 * The kernel says the new texts (it reads headers), here they are put in, and the kernel then reads them without running a
 * cell. Undo is the notebook's own; whichever way a text goes back, the kernel is told.
 */

import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';

import type { IEdit, ITold } from './dag/model';
import { words } from './dag/words';
import type { INotebookPipeline } from './pipelines';
import { Refusal } from './views/data_source';

type CellModel = NotebookPanel['content']['widgets'][number]['model'];
type Shared = NonNullable<NotebookPanel['content']['model']>['sharedModel'];

/** What an undo history has, and its public type has not. */
interface IHistory {
  undoManager?: { stopCapturing(): void } | null;
}

interface IAdded {
  source: string;
  below: string;
  select: number[];
}

interface IEdited {
  texts: [string, string][];
  removed: string[];
  added: IAdded[];
  select: number[];
  command: string;
  notes: string[];
}

/** A cell that an edit took out, to be put back. */
interface ITaken {
  at: number;
  json: object;
}

/** What an edit would come to: the command, or why it cannot be. Nothing is changed. */
export async function wouldBe(pipeline: INotebookPipeline, edit: IEdit): Promise<ITold> {
  try {
    const { command, notes } = await asked(pipeline, edit);
    return { command, notes };
  } catch (error) {
    return refused(error);
  }
}

/** Make an edit. What it comes to is told, refusals too. */
export async function makeEdit(pipeline: INotebookPipeline, edit: IEdit): Promise<ITold> {
  try {
    const before = textsOf(pipeline.panel);
    const edited = await asked(pipeline, edit);
    check(pipeline.panel, before, edited);
    const undo = apply(pipeline, before, edited, edit.do !== 'language');
    return { command: edited.command, notes: edited.notes, undo };
  } catch (error) {
    return refused(error);
  }
}

function refused(error: unknown): ITold {
  const message = error instanceof Error ? error.message : String(error);
  return { command: '', notes: [], error: message, hint: error instanceof Refusal ? error.hint : '' };
}

async function asked(pipeline: INotebookPipeline, edit: IEdit): Promise<IEdited> {
  if (!pipeline.kernel) {
    throw new Refusal(words('No kernel runs for this notebook'), '%load_ext jupyter_mage');
  }
  const cells = [...textsOf(pipeline.panel)];
  const given = { do: edit.do, block: edit.block ?? '', to: edit.to ?? '', cells };
  return read(await pipeline.kernel.ask('edit', given));
}

/** What the kernel answered, as far as it is what it should be. */
function read(value: unknown): IEdited {
  const edited = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const list = (each: unknown): unknown[] => (Array.isArray(each) ? each : []);
  const texts = (each: unknown) => list(each).filter(text => typeof text === 'string');
  const numbers = (each: unknown) => list(each).filter(number => typeof number === 'number');
  const added = list(edited.added).map(each => {
    const { source, below, select } = each as Record<string, unknown>;
    return { source: String(source ?? ''), below: String(below ?? ''), select: numbers(select) };
  });
  const pairs = list(edited.texts).map(texts);
  return {
    texts: pairs.filter((pair): pair is [string, string] => pair.length === 2),
    removed: texts(edited.removed),
    added,
    select: numbers(edited.select),
    command: String(edited.command ?? ''),
    notes: texts(edited.notes)
  };
}

function codeCells(panel: NotebookPanel): CellModel[] {
  return panel.content.widgets.map(cell => cell.model).filter(model => model.type === 'code');
}

/** The text of every code cell by its id, in their order. */
export function textsOf(panel: NotebookPanel): Map<string, string> {
  return new Map(codeCells(panel).map(model => [model.id, model.sharedModel.getSource()]));
}

/** Refuse what would overwrite what was typed meanwhile, or a cell that its author has locked. */
function check(panel: NotebookPanel, before: Map<string, string>, edited: IEdited): void {
  for (const model of codeCells(panel)) {
    const changes = edited.texts.some(([id]) => id === model.id);
    const goes = edited.removed.includes(model.id);
    if (changes && model.sharedModel.getSource() !== before.get(model.id)) {
      throw new Refusal(words('The cell was changed meanwhile: do it again'));
    }
    if (changes && model.getMetadata('editable') === false) {
      throw new Refusal(words('A cell that this changes is read-only'));
    }
    if (goes && model.getMetadata('deletable') === false) {
      throw new Refusal(words('The cell is locked: it cannot be deleted'));
    }
  }
}

function apply(
  pipeline: INotebookPipeline,
  before: Map<string, string>,
  edited: IEdited,
  tells: boolean
): () => void {
  const { panel } = pipeline;
  const shared = panel.content.model?.sharedModel;
  if (!shared) {
    throw new Refusal(words('The notebook is closed'));
  }
  const taken: ITaken[] = [];
  const made: string[] = [];
  const change = () => {
    for (const [id, text] of edited.texts) {
      put(panel, id, text);
    }
    for (const id of edited.removed) {
      const at = shared.cells.findIndex(cell => cell.id === id);
      if (at >= 0) {
        taken.push({ at, json: shared.getCell(at).toJSON() });
        shared.deleteCell(at);
      }
    }
    for (const each of edited.added) {
      const below = shared.cells.findIndex(cell => cell.id === each.below);
      const at =
        (below >= 0 ? below : each.below ? shared.cells.length - 1 : panel.content.activeCellIndex) + 1;
      const trusted = { trusted: true };
      const cell = shared.insertCell(at, { cell_type: 'code', source: each.source, metadata: trusted });
      made.push(cell.id);
      void typeOver(panel, at, each.select);
    }
  };
  if (shared.disableDocumentWideUndoRedo) {
    change(); // each cell has its own history: a common transaction would be in none
  } else {
    const history = (shared as IHistory).undoManager;
    history?.stopCapturing();
    shared.transact(change);
    history?.stopCapturing();
  }
  const first = edited.texts[0];
  if (first && edited.select.length === 2) {
    void typeOver(
      panel,
      shared.cells.findIndex(cell => cell.id === first[0]),
      edited.select
    );
  }
  const known: [string, (string | null)[]][] = [
    ...edited.texts.map(([id, text]): [string, (string | null)[]] => [id, [before.get(id) ?? null, text]]),
    ...edited.removed.map((id): [string, (string | null)[]] => [id, [before.get(id) ?? null, null]]),
    ...made.map((id, at): [string, (string | null)[]] => [id, [null, edited.added[at]?.source ?? null]])
  ];
  const follower = Follower.of(pipeline);
  follower.learn(known, tells);
  return () => {
    const back = () => {
      edited.texts.forEach(([id, text]) => putBack(panel, id, text, before.get(id) ?? ''));
      made.forEach(id => {
        const at = shared.cells.findIndex(cell => cell.id === id);
        if (at >= 0) {
          shared.deleteCell(at);
        }
      });
      for (const { at, json } of [...taken].reverse()) {
        shared.insertCell(Math.min(at, shared.cells.length), json as Parameters<Shared['insertCell']>[1]);
      }
    };
    if (shared.disableDocumentWideUndoRedo) {
      back();
    } else {
      shared.transact(back);
    }
  };
}

/** Change a cell's text where it differs, as one step of its history: the cursor stays where it was. */
function put(panel: NotebookPanel, id: string, text: string): void {
  const shared = codeCells(panel).find(model => model.id === id)?.sharedModel;
  if (!shared) {
    return;
  }
  const now = shared.getSource();
  let start = 0;
  while (start < Math.min(now.length, text.length) && now[start] === text[start]) {
    start++;
  }
  let end = 0;
  const most = Math.min(now.length, text.length) - start;
  while (end < most && now[now.length - 1 - end] === text[text.length - 1 - end]) {
    end++;
  }
  const history = (shared as IHistory).undoManager;
  history?.stopCapturing();
  shared.updateSource(start, now.length - end, text.slice(start, text.length - end));
  history?.stopCapturing();
}

/** Take an edit of a cell back, unless something else was typed into it since. */
function putBack(panel: NotebookPanel, id: string, text: string, before: string): void {
  const shared = codeCells(panel).find(model => model.id === id)?.sharedModel;
  if (shared?.getSource() === text) {
    shared.undo();
    if (shared.getSource() !== before) {
      put(panel, id, before);
    }
  }
}

/** Go to a cell, with this part of its text selected. */
async function typeOver(panel: NotebookPanel, at: number, [from = 0, to = 0]: number[]): Promise<void> {
  const notebook = panel.content;
  await Promise.resolve(); // its widget is made when the model has told
  notebook.activeCellIndex = at;
  notebook.deselectAll();
  await notebook.scrollToItem(at, 'smart');
  const cell = notebook.widgets[at];
  await cell?.ready;
  const editor = cell?.editor;
  if (editor && notebook.activeCellIndex === at) {
    notebook.mode = 'edit';
    editor.setSelection({
      start: editor.getPositionAt(from) ?? { line: 0, column: 0 },
      end: editor.getPositionAt(to) ?? { line: 0, column: 0 }
    });
    editor.focus();
  }
}

/** Tells the kernel what the cells of edits say, whichever way they come to say it: by the edit, by undo, by redo. */
class Follower {
  static of(pipeline: INotebookPipeline): Follower {
    let found = Follower._all.get(pipeline.panel);
    if (!found) {
      found = new Follower(pipeline);
      Follower._all.set(pipeline.panel, found);
    }
    return found;
  }

  private constructor(private readonly pipeline: INotebookPipeline) {
    pipeline.panel.content.model?.contentChanged.connect(this._changed, this);
  }

  /** These cells say one of these texts, before or after an edit; null where there is no cell. */
  learn(known: [string, (string | null)[]][], tells: boolean): void {
    for (const [id, texts] of known) {
      const all = this._known.get(id) ?? new Set();
      texts.forEach(text => all.add(text));
      this._known.set(id, all);
      if (!this._told.has(id)) {
        this._told.set(id, texts[0] ?? null);
      }
    }
    this._tells = tells;
    this._changed();
  }

  private _changed(): void {
    if (!this._due) {
      this._due = true;
      queueMicrotask(() => void this._tell());
    }
  }

  private async _tell(): Promise<void> {
    this._due = false;
    if (this.pipeline.panel.isDisposed) {
      return;
    }
    const now = textsOf(this.pipeline.panel);
    const changed: Record<string, string> = {};
    const removed: string[] = [];
    for (const [id, texts] of this._known) {
      const text = now.get(id) ?? null;
      if (text === this._told.get(id) || !texts.has(text)) {
        continue;
      }
      this._told.set(id, text);
      if (text === null) {
        removed.push(id);
      } else {
        changed[id] = text;
      }
    }
    if (Object.keys(changed).length || removed.length) {
      const notes = (await this.pipeline.kernel?.follow(changed, removed)) ?? [];
      const wrong = notes.filter(note => !note.startsWith('~'));
      if (wrong.length && this._tells) {
        Notification.warning(wrong.join('\n'), { autoClose: 8000 });
      }
    }
  }

  private static readonly _all = new WeakMap<NotebookPanel, Follower>();
  private readonly _known = new Map<string, Set<string | null>>();
  private readonly _told = new Map<string, string | null>();
  private _tells = true;
  private _due = false;
}
