/** Every action as a command of JupyterLab: in the palette, menus and toolbars, with keys. One a line of `COMMANDS`. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { LabIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IEdit } from '../dag/model';
import { offer } from '../dag/request';
import { words } from '../dag/words';
import * as doing from '../doing';
import { ICON } from '../icon';
import { type INotebookPipeline, IPipelines } from '../pipelines';
import { SETTINGS } from '../settings';
import { VIEWS } from '../views';

export const NAMES = {
  run: 'jupyter-mage:run',
  runBlock: 'jupyter-mage:run-block',
  runUpstream: 'jupyter-mage:run-with-upstream',
  runDownstream: 'jupyter-mage:run-with-downstream',
  plan: 'jupyter-mage:plan',
  cancel: 'jupyter-mage:cancel',
  interrupt: 'jupyter-mage:interrupt',
  resume: 'jupyter-mage:resume',
  makeBlock: 'jupyter-mage:make-block',
  addBlock: 'jupyter-mage:add-block',
  rename: 'jupyter-mage:rename-block',
  kind: 'jupyter-mage:change-kind',
  connect: 'jupyter-mage:connect',
  remove: 'jupyter-mage:delete-block',
  edit: 'jupyter-mage:edit',
  toNode: 'jupyter-mage:go-to-node',
  toCell: 'jupyter-mage:go-to-cell',
  show: 'jupyter-mage:show',
  export: 'jupyter-mage:export',
  verify: 'jupyter-mage:verify',
  mermaid: 'jupyter-mage:copy-mermaid',
  copy: 'jupyter-mage:copy-command'
};

type Arguments = ReadonlyPartialJSONObject;

/** What has to be there for a command: a notebook, a kernel that answers, the active cell as a block, or as none. */
type Needs = 'page' | 'notebook' | 'kernel' | 'block' | 'plain';

interface ICommandRow {
  id: string;
  label: (trans: TranslationBundle, args: Arguments) => string;
  needs: Needs;
  icon?: LabIcon;
  /** Its arguments, as a JSON schema's properties. */
  takes?: Record<string, { type: string; description: string }>;
  /** Whether it stands in the palette. */
  hidden?: boolean;
  does: (pipeline: INotebookPipeline, args: Arguments, block: string, cell: string) => unknown;
}

const BLOCK = { type: 'string', description: 'The block; the one of the active cell where there is none.' };

const COMMANDS: readonly ICommandRow[] = [
  {
    id: NAMES.run,
    label: trans => trans.__('Run Pipeline'),
    needs: 'kernel',
    icon: runIcon,
    takes: {
      selection: { type: 'string', description: 'Which blocks: clean, +clean, clean+, tag:daily; or all.' }
    },
    does: (pipeline, args) => doing.run(pipeline, text(args.selection))
  },
  {
    id: NAMES.runBlock,
    label: trans => trans.__('Run Block of This Cell'),
    needs: 'block',
    icon: runIcon,
    takes: { block: BLOCK },
    does: (pipeline, _, block) => doing.runBlock(pipeline, block)
  },
  {
    id: NAMES.runUpstream,
    label: trans => trans.__('Run Block with Upstream'),
    needs: 'block',
    takes: { block: BLOCK },
    does: (pipeline, _, block) => doing.run(pipeline, `+${block}`)
  },
  {
    id: NAMES.runDownstream,
    label: trans => trans.__('Run Block with Downstream'),
    needs: 'block',
    takes: { block: BLOCK },
    does: (pipeline, _, block) => doing.run(pipeline, `${block}+`)
  },
  {
    id: NAMES.plan,
    label: trans => trans.__('Plan: What Would Run, and Why'),
    needs: 'kernel',
    does: pipeline => show('plan') || doing.say(pipeline, '%pipeline plan')
  },
  {
    id: NAMES.cancel,
    label: trans => trans.__('Cancel the Run'),
    needs: 'kernel',
    icon: stopIcon,
    does: pipeline => doing.cancel(pipeline)
  },
  {
    id: NAMES.interrupt,
    label: trans => trans.__('Interrupt the Kernel of the Pipeline'),
    needs: 'notebook',
    hidden: true, // JupyterLab has one
    does: pipeline => pipeline.panel.sessionContext.session?.kernel?.interrupt()
  },
  {
    id: NAMES.resume,
    label: trans => trans.__('Resume the Last Run'),
    needs: 'kernel',
    does: pipeline => doing.say(pipeline, '%pipeline resume')
  },
  {
    id: NAMES.makeBlock,
    label: trans => trans.__('Make This Cell a Block'),
    needs: 'plain',
    icon: ICON,
    does: (pipeline, _, __, cell) => edit(pipeline, { do: 'make', to: cell })
  },
  {
    id: NAMES.addBlock,
    label: trans => trans.__('Add a Block After This One'),
    needs: 'kernel',
    takes: { block: BLOCK },
    does: (pipeline, _, block) => edit(pipeline, { do: 'add', block })
  },
  {
    id: NAMES.rename,
    label: trans => trans.__('Rename Block…'),
    needs: 'block',
    takes: {
      block: BLOCK,
      to: { type: 'string', description: 'The new name; asked for where there is none.' }
    },
    does: (pipeline, args, block) => edit(pipeline, { do: 'rename', block, to: text(args.to) || undefined })
  },
  {
    id: NAMES.kind,
    label: trans => trans.__('Change Kind of Block…'),
    needs: 'block',
    takes: { block: BLOCK, to: { type: 'string', description: 'The kind; asked for where there is none.' } },
    does: (pipeline, args, block) => edit(pipeline, { do: 'kind', block, to: text(args.to) || undefined })
  },
  {
    id: NAMES.connect,
    label: trans => trans.__('Connect Block to…'),
    needs: 'block',
    takes: {
      block: BLOCK,
      to: { type: 'string', description: 'The block that gets it; asked for where there is none.' }
    },
    does: (pipeline, args, block) => edit(pipeline, { do: 'connect', to: block, block: text(args.to) })
  },
  {
    id: NAMES.remove,
    label: trans => trans.__('Delete Block'),
    needs: 'block',
    takes: { block: BLOCK },
    does: (pipeline, _, block) => edit(pipeline, { do: 'delete', block })
  },
  {
    id: NAMES.edit,
    label: trans => trans.__('Edit the Pipeline'),
    needs: 'notebook',
    hidden: true, // the graph's way to all of these
    takes: {
      do: {
        type: 'string',
        description: 'connect, disconnect, rename, delete, add, kind, language or make.'
      },
      block: { type: 'string', description: 'The block that is edited.' },
      to: {
        type: 'string',
        description: 'The new name, kind, language; of an edge the upstream; of make the cell.'
      },
      dry: { type: 'boolean', description: 'Only say what it would come to.' }
    },
    does: (pipeline, args) => doing.edit(pipeline, wanted(args), args.dry === true)
  },
  {
    id: NAMES.toNode,
    label: trans => trans.__('Go to the Node of This Cell'),
    needs: 'block',
    takes: { block: BLOCK },
    does: (_, __, block) => pipelines?.reveal(block)
  },
  {
    id: NAMES.toCell,
    label: trans => trans.__('Go to the Cell of a Block…'),
    needs: 'notebook',
    takes: { block: { type: 'string', description: 'The block; asked for where there is none.' } },
    does: (pipeline, args) => doing.goToCell(pipeline, text(args.block))
  },
  {
    id: NAMES.export,
    label: trans => trans.__('Export as a Mage Project'),
    needs: 'kernel',
    does: pipeline => doing.say(pipeline, '%pipeline export')
  },
  {
    id: NAMES.verify,
    label: trans => trans.__('Verify the Exported Project'),
    needs: 'kernel',
    does: pipeline => doing.say(pipeline, '%pipeline verify')
  },
  {
    id: NAMES.mermaid,
    label: trans => trans.__('Copy the Graph as Mermaid'),
    needs: 'kernel',
    does: pipeline => doing.copyMermaid(pipeline)
  },
  {
    id: NAMES.copy,
    label: trans => trans.__('Copy the Command That Runs This Block'),
    needs: 'block',
    takes: { block: BLOCK },
    does: (_, __, block) => doing.copyText(`%pipeline run +${block}`)
  }
];

/** Set when the plugin starts: there is one of each on a page. */
let pipelines: IPipelines | null = null;
/** The cell that was pressed for its menu. */
let hit: () => HTMLElement | undefined = () => undefined;

/** The cell whose menu is open: not always the active one. */
function pointed(args: Arguments): HTMLElement | undefined {
  return args.pointed === true ? hit() : undefined;
}

function blockFor(front: INotebookPipeline, args: Arguments): string {
  return text(args.block) || doing.activeBlock(front, pointed(args));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function wanted(args: Arguments): IEdit {
  const found: IEdit = { do: text(args.do) as IEdit['do'] };
  if (typeof args.block === 'string') {
    found.block = args.block;
  }
  if (typeof args.to === 'string') {
    found.to = args.to;
  }
  return found;
}

/** Go to a tab of the panel; false where there is none of this name. */
function show(view: string): boolean {
  return VIEWS.some(each => each.id === view) && offer(document.body, { action: 'show', view });
}

async function edit(pipeline: INotebookPipeline, wanted: IEdit): Promise<void> {
  doing.notify(await doing.edit(pipeline, wanted, false));
}

/** Whether a command can be done now: with these arguments, and what is in front. */
function can(needs: Needs, args: Arguments): boolean {
  const front = pipelines?.front;
  if (needs === 'page') {
    return true;
  }
  if (!front || needs === 'notebook') {
    return !!front;
  }
  const answers = front.kernel?.answers === true && front.source.live();
  switch (needs) {
    case 'kernel':
      return answers;
    case 'plain':
      return answers && doing.activePlain(front, pointed(args)) !== '';
    case 'block':
      return answers && blockFor(front, args) !== '';
  }
}

function why(trans: TranslationBundle, needs: Needs, args: Arguments): string {
  if (can(needs, args)) {
    return '';
  }
  if (!pipelines?.front) {
    return trans.__('Open a notebook first');
  }
  if (!pipelines.front.source.live()) {
    return trans.__('No kernel follows this notebook: run %load_ext jupyter_mage');
  }
  return needs === 'plain'
    ? trans.__('The active cell is a block already')
    : trans.__('The active cell is no block');
}

function add(commands: CommandRegistry, trans: TranslationBundle, row: ICommandRow): void {
  commands.addCommand(row.id, {
    label: args => row.label(trans, args),
    caption: args => why(trans, row.needs, args) || row.label(trans, args),
    icon: row.icon,
    isEnabled: args => can(row.needs, args),
    describedBy: { args: { type: 'object', properties: row.takes ?? {} } },
    execute: async args => {
      const front = pipelines?.front;
      if (!front) {
        return undefined;
      }
      try {
        return await row.does(front, args, blockFor(front, args), doing.activePlain(front, pointed(args)));
      } catch (error) {
        Notification.error(error instanceof Error ? error.message : String(error));
        return undefined;
      }
    }
  });
}

/** A tab of the panel, by its name. */
function addShow(commands: CommandRegistry, trans: TranslationBundle): void {
  commands.addCommand(NAMES.show, {
    label: args => {
      const view = VIEWS.find(each => each.id === args.view);
      return view ? trans.__('Show %1', words(view.label)) : trans.__('Show the Panel');
    },
    icon: ICON,
    describedBy: {
      args: { type: 'object', properties: { view: { type: 'string', enum: VIEWS.map(view => view.id) } } }
    },
    execute: args => void offer(document.body, { action: 'show', view: text(args.view) })
  });
}

export const commands: JupyterFrontEndPlugin<void> = {
  id: SETTINGS,
  description: 'The commands of pipelines, their menu and their keys.',
  autoStart: true,
  requires: [IPipelines, INotebookTracker],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    found: IPipelines,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_mage');
    pipelines = found;
    hit = () => app.contextMenuHitTest(node => node.classList.contains('jp-CodeCell'));
    COMMANDS.forEach(row => add(app.commands, trans, row));
    addShow(app.commands, trans);
    const category = trans.__('Pipeline');
    COMMANDS.filter(row => !row.hidden).forEach(row => palette?.addItem({ command: row.id, category }));
    VIEWS.forEach(view => palette?.addItem({ command: NAMES.show, args: { view: view.id }, category }));
    const changed = () => COMMANDS.forEach(row => app.commands.notifyCommandChanged(row.id));
    let live: boolean | null = null;
    found.shown.listen(() => {
      if (live !== found.shown.live()) {
        live = found.shown.live();
        changed();
      }
    });
    tracker.activeCellChanged.connect(changed);
  }
};
