/** What commands do with the notebook in front: run, go to, edit, copy. One place for each action; menus, keys and buttons call it. */

import { Clipboard, InputDialog, Notification } from '@jupyterlab/apputils';

import { findCell, findMagic, jump, runCell } from './cells/notebook';
import look from './dag/look.json';
import { partners } from './dag/editing';
import type { IEdit, IPicture, ITold } from './dag/model';
import { words } from './dag/words';
import { makeEdit, wouldBe } from './editing';
import { blockOf, headOf } from './header';
import type { INotebookPipeline } from './pipelines';
import { KernelData } from './sources/kernel_data';

/** Characters of what a magic printed that a notification shows. */
const SHOWN = 600;

export function pictureOf(pipeline: INotebookPipeline): IPicture | null {
  return pipeline.source.picture();
}

/** A cell of code: the active one, or the one with this element. */
function codeCell(pipeline: INotebookPipeline, node?: HTMLElement): { id: string; text: string } | null {
  const { activeCell, widgets } = pipeline.panel.content;
  const model = (node ? widgets.find(cell => cell.node === node) : activeCell)?.model;
  return model?.type === 'code' ? { id: model.id, text: model.sharedModel.getSource() } : null;
}

/** The block of the active cell (or of the cell with this element), or empty. */
export function activeBlock(pipeline: INotebookPipeline, node?: HTMLElement): string {
  return blockOf(codeCell(pipeline, node)?.text ?? '');
}

/** The id of that cell where it is code and no block, or empty. */
export function activePlain(pipeline: INotebookPipeline, node?: HTMLElement): string {
  const cell = codeCell(pipeline, node);
  return cell && !headOf(cell.text) ? cell.id : '';
}

export async function goToCell(pipeline: INotebookPipeline, block: string): Promise<void> {
  const wanted = block || (await chooseBlock(pipeline, words('Go to the cell of')));
  if (!wanted) {
    return;
  }
  const cell = findCell(pipeline.panel, pictureOf(pipeline), wanted);
  if (cell >= 0) {
    await jump(pipeline.panel, cell);
  } else {
    Notification.info(words('No cell of this notebook defines {name}.', { name: wanted }), {
      autoClose: 4000
    });
  }
}

/** Run a block as its cell is run: by hand, with its output below it. */
export async function runBlock(pipeline: INotebookPipeline, block: string): Promise<void> {
  const cell = findCell(pipeline.panel, pictureOf(pipeline), block);
  if (cell >= 0) {
    await runCell(pipeline.panel, cell);
  } else {
    await execute(pipeline, `%pipeline run ${block}`);
  }
}

/** Run a selection, or all of it; by the cell that says so, where there is one. */
export async function run(pipeline: INotebookPipeline, selection: string): Promise<void> {
  const own = selection ? -1 : findMagic(pipeline.panel, /^%pipeline\s+run\s*$/);
  if (own >= 0) {
    await runCell(pipeline.panel, own);
  } else {
    await execute(pipeline, `%pipeline run ${selection}`.trim());
  }
}

/** Load our package into a kernel that does not have it any more; by the cell that says so, where there is one. */
export async function load(pipeline: INotebookPipeline): Promise<void> {
  const own = findMagic(pipeline.panel, /^%(re)?load_ext\s+jupyter_mage\b/);
  if (own >= 0) {
    await runCell(pipeline.panel, own);
  } else {
    await execute(pipeline, '%load_ext jupyter_mage');
  }
}

export function cancel(pipeline: INotebookPipeline): void {
  if (pipeline.kernel?.controls) {
    pipeline.kernel.request({ action: 'cancel' });
  } else {
    const text = words(
      'This kernel does not answer while a cell runs. Interrupt it instead (the flash, or I I).'
    );
    Notification.info(text, { autoClose: 6000 });
  }
}

/** Runs a magic that has no cell; gives what it prints. Rejected with what the kernel raised. */
export async function execute(pipeline: INotebookPipeline, code: string): Promise<string> {
  return (await new KernelData(() => pipeline.kernel).execute(code)).text;
}

/** The last paragraph of what was printed: how it went. A table before it would be a heap of words in a small window. */
function closing(text: string): string {
  return (
    text
      .trim()
      .split(/\n\s*\n/)
      .pop() ?? ''
  ).slice(0, SHOWN);
}

/** Runs a magic and says what it printed last. */
export async function say(pipeline: INotebookPipeline, code: string): Promise<void> {
  const done = execute(pipeline, code);
  const told = (text: unknown) => closing(String(text)) || words('{code}: done', { code });
  Notification.promise(done, {
    pending: { message: words('{code} …', { code }) },
    success: { message: told, options: { autoClose: 10000 } },
    error: { message: error => (error instanceof Error ? error.message : String(error)) }
  });
  await done.catch(() => undefined);
}

/** Make an edit; what it does not say, a person is asked. An empty answer is a change of mind. */
export async function edit(pipeline: INotebookPipeline, wanted: IEdit, dry: boolean): Promise<ITold> {
  if (dry) {
    return wouldBe(pipeline, wanted);
  }
  const whole = await completed(pipeline, wanted);
  return whole ? makeEdit(pipeline, whole) : { command: '', notes: [] };
}

async function completed(pipeline: INotebookPipeline, wanted: IEdit): Promise<IEdit | null> {
  const block = wanted.block ?? '';
  switch (wanted.do) {
    case 'rename': {
      const to =
        wanted.to ??
        (await text(
          words('Rename {name}', { name: block }),
          block,
          words('Every cell that reads it changes with it.')
        ));
      return to && to !== block ? { ...wanted, to } : null;
    }
    case 'connect': {
      const to = wanted.to ?? '';
      if (block) {
        return wanted;
      }
      const picture = pictureOf(pipeline);
      const among = picture ? [...partners(picture, to, 'out')] : [];
      const target = await item(words('Connect {name} to', { name: to }), among);
      return target ? { ...wanted, block: target } : null;
    }
    case 'kind': {
      const to = wanted.to ?? (await item(words('Kind of {name}', { name: block }), Object.keys(look.kinds)));
      return to ? { ...wanted, to } : null;
    }
    default:
      return wanted;
  }
}

async function text(title: string, value: string, label: string): Promise<string> {
  const options = { title, text: value, label, okLabel: words('Rename'), selectionRange: value.length };
  return ((await InputDialog.getText(options)).value ?? '').trim();
}

async function item(title: string, items: string[]): Promise<string> {
  if (!items.length) {
    Notification.info(words('{title}: there is nothing to choose from.', { title }), { autoClose: 4000 });
    return '';
  }
  return (await InputDialog.getItem({ title, items })).value ?? '';
}

export async function chooseBlock(pipeline: INotebookPipeline, title: string): Promise<string> {
  return item(title, pictureOf(pipeline)?.nodes.map(node => node.id) ?? []);
}

/** Say what an edit came to where no graph does: a refusal, or the command and Undo. */
export function notify(told: ITold): void {
  const close = { autoClose: 8000 };
  if (told.error) {
    const hint = told.hint ? `\n→ ${told.hint}` : '';
    Notification.error(`${told.error}${hint}`, close);
  } else if (told.command) {
    const undo = told.undo;
    const actions = undo ? [{ label: words('Undo'), callback: () => undo() }] : [];
    Notification.success([told.command, ...told.notes].join('\n'), { ...close, actions });
  }
}

export async function copyMermaid(pipeline: INotebookPipeline): Promise<void> {
  const answer = (await pipeline.kernel?.ask('mermaid', {})) as { text?: unknown } | undefined;
  copyText(String(answer?.text ?? ''));
}

export function copyText(copied: string): void {
  Clipboard.copyToSystem(copied);
  Notification.info(words('Copied'), { autoClose: 2000 });
}
