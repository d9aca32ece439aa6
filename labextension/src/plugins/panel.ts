/** The side panel: the pipeline of the notebook in front, and what can be asked of it. */

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { insertCells } from '../cells/notebook';
import { mountHeader } from '../dag/header';
import type { IRequest, ISource, ISubject, ITold } from '../dag/model';
import { REQUEST } from '../dag/request';
import { translateBy, words } from '../dag/words';
import { activeBlock, load, notify } from '../doing';
import { ICON } from '../icon';
import { type INotebookPipeline, IPipelines } from '../pipelines';
import { KernelData } from '../sources/kernel_data';
import { ServerHistory } from '../sources/server';
import { DEFAULTS, type ISettings, whenSet } from '../settings';
import { VIEWS } from '../views';
import { Place } from '../views/history';
import { Tabs } from '../views/tabs';
import { type IHelp, lost, welcome } from '../views/welcome';
import { NAMES } from './commands';

class SidePanel extends Widget {
  constructor(pipelines: IPipelines) {
    super();
    const source = pipelines.shown;
    const help = helpOf(pipelines, view => this.go(view));
    this._none = welcome(help);
    this._lost = lost(source, help);
    this.id = 'jupyter-mage-panel';
    this.title.icon = ICON;
    this.title.caption = words('Pipeline');
    this.addClass('jm-panel');
    const data = new KernelData(() => pipelines.front?.kernel ?? null);
    const context = {
      source,
      data,
      history: new ServerHistory(),
      place: this.place,
      mostListed: () => this.settings.mostBlocks,
      marked: (listener: (block: string) => void) => {
        this._marked.add(listener);
        return () => this._marked.delete(listener);
      }
    };
    this._tabs = new Tabs(VIEWS, context, () => this._welcome(source));
    this._unmount = [
      mountHeader(this.node, source, { interrupt: true }),
      source.listen(() => this._welcome(source)),
      () => this._tabs.dispose()
    ];
    this.node.append(this._lost.root, this._tabs.row, this._tabs.pages, this._none.root);
    this._welcome(source);
  }

  /** Which project's history is shown. */
  readonly place = new Place();

  /** Go to a view, at something. */
  go(view: string, subject?: ISubject): void {
    this._tabs.show(view, subject);
  }

  protected override onActivateRequest(): void {
    if (!this.node.contains(document.activeElement)) {
      this._tabs.focus(); // as JupyterLab's own panels: who opens it by a key goes on in it
    }
  }

  settings: ISettings = DEFAULTS;

  /** The reader is at this block, in the notebook. */
  mark(block: string): void {
    if (this.isVisible) {
      this._marked.forEach(listener => listener(block));
    }
  }

  protected override onAfterShow(): void {
    this._tabs.seen(true);
  }

  protected override onAfterHide(): void {
    this._tabs.seen(false);
  }

  override dispose(): void {
    this._unmount.forEach(stop => stop());
    super.dispose();
  }

  private _welcome(source: ISource): void {
    const none = source.picture() === null;
    this.toggleClass('jm-none', none && !this._tabs?.current.alone);
    this.toggleClass('jm-bare', none);
    this._none?.look();
    this._lost?.look();
  }

  private readonly _marked = new Set<(block: string) => void>();
  private readonly _tabs: Tabs;
  private readonly _none: ReturnType<typeof welcome>;
  private readonly _lost: ReturnType<typeof lost>;
  private readonly _unmount: (() => void)[];
}

function helpOf(pipelines: IPipelines, show: (view: string) => void): IHelp {
  const failed = (error: unknown) =>
    Notification.error(error instanceof Error ? error.message : String(error));
  return {
    show,
    notebook: () => pipelines.front !== null,
    insert: cells => pipelines.front && insertCells(pipelines.front.panel, cells),
    load: () => pipelines.front && void load(pipelines.front).catch(failed)
  };
}

/** The command that does what is asked for on the page. */
const COMMANDS: Record<Exclude<IRequest['action'], 'show' | 'open-file'>, string> = {
  open: NAMES.toCell,
  run: NAMES.run,
  'run-block': NAMES.runBlock,
  cancel: NAMES.cancel,
  interrupt: NAMES.interrupt,
  edit: NAMES.edit,
  copy: NAMES.mermaid
};

/** Does what was asked for on the page. False where this is not for us. */
function answer(app: JupyterFrontEnd, pipelines: IPipelines, target: Node, request: IRequest): boolean {
  const panel = pipelines.front?.panel;
  const inside = target instanceof Element && target.closest('.jp-NotebookPanel');
  if (
    !panel ||
    request.action === 'show' ||
    request.action === 'open-file' ||
    (inside && inside !== panel.node)
  ) {
    return false;
  }
  const { block, selection, edit, dry } = request;
  const args = { ...(block && { block }), ...(selection && { selection }), ...edit, ...(dry && { dry }) };
  const done = app.commands.execute(COMMANDS[request.action], args as ReadonlyPartialJSONObject);
  void done.then(told => (edit ? (request.told ?? notify)(told as ITold) : undefined));
  return true;
}

/** The project that is looked at is that of the notebook in front, until another is chosen or another notebook comes. */
function follow(pipelines: IPipelines, place: Place): void {
  let known: string | null = null;
  const look = () => {
    place.notebook = pipelines.front?.panel.context.localPath ?? '';
    const found = folder(pipelines.front);
    if (found !== null && found !== known) {
      place.choose((known = found));
    }
  };
  pipelines.shown.listen(look);
  look();
}

/** The folder of the notebook in front, from the server's root; null where there is none. */
function folder(front: INotebookPipeline | null): string | null {
  const path = front?.panel.context.localPath;
  return path === undefined ? null : path.split('/').slice(0, -1).join('/');
}

/** What a person has set of the panel, now and whenever it changes. */
function configure(app: JupyterFrontEnd, side: SidePanel, registry: ISettingRegistry | null): Promise<void> {
  let before = DEFAULTS;
  return whenSet(registry, settings => {
    side.settings = settings;
    document.body.classList.toggle('jm-no-strips', !settings.cellStrip);
    if (settings.panelSide !== before.panelSide) {
      app.shell.add(side, settings.panelSide, { rank: 700, type: 'Pipeline' });
    }
    if (settings.startTab !== before.startTab) {
      side.go(settings.startTab);
    }
    before = settings;
  });
}

/** The block of the active cell is marked in the graph; the keyboard stays where it is. */
function markCell(pipelines: IPipelines, side: SidePanel): void {
  const { front } = pipelines;
  const block = front && side.settings.followCell ? activeBlock(front) : '';
  if (block) {
    side.mark(block);
  }
}

export const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:panel',
  description: 'The pipeline of the notebook in front, in the side bar.',
  autoStart: true,
  requires: [IPipelines],
  optional: [ILayoutRestorer, ITranslator, ISettingRegistry, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    tracker: INotebookTracker | null
  ) => {
    const trans = translator?.load('jupyter_mage');
    // every text stands in a call of words(), and `npm run words` collects them for translators
    // eslint-disable-next-line jupyter/no-dynamic-translation
    translateBy(text => trans?.__(text) ?? text);
    const side = new SidePanel(pipelines);
    follow(pipelines, side.place);
    pipelines.revealing(block => {
      app.shell.activateById(side.id);
      side.go('graph', { block });
    });
    document.addEventListener(REQUEST, event => {
      const { detail, target } = event as CustomEvent<IRequest>;
      if (detail.action === 'show') {
        app.shell.activateById(side.id);
        side.go(detail.view ?? '', detail.subject);
        event.preventDefault();
      } else if (detail.action === 'open-file') {
        void app.commands.execute('docmanager:open', { path: detail.file ?? '' });
        event.preventDefault();
      } else if (target instanceof Node && answer(app, pipelines, target, detail)) {
        event.preventDefault();
      }
    });
    app.shell.add(side, 'right', { rank: 700, type: 'Pipeline' });
    void configure(app, side, registry);
    tracker?.activeCellChanged.connect(() => markCell(pipelines, side));
    restorer?.add(side, side.id);
  }
};
