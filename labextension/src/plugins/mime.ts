/**
 * Outputs that hold a picture: drawn by the same renderer, live while their widget's model is there, and as they were saved
 * when it is not (a widget alone would say “model not found”).
 */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';

import { editing } from '../dag/editing';
import { mountHeader } from '../dag/header';
import { type Changed, type IPicture, type ISource, Store } from '../dag/model';
import { mount } from '../dag/view';
import { Switch } from '../sources/switch';
import { models } from '../sources/models';
import { command } from '../views/command';

export const MIME = 'application/vnd.jupyter_mage.dag+json';
/** Where notebooks of earlier versions name their model. */
const WIDGET = 'application/vnd.jupyter.widget-view+json';
/** Before the widget manager's renderer, which has -10. */
const RANK = -20;

/** What a notebook file holds: it does not change, and nobody answers. */
class Saved implements ISource {
  constructor(readonly data: unknown) {
    this._store.put(data);
  }
  picture(): IPicture | null {
    return this._store.picture;
  }
  live(): boolean {
    return false;
  }
  listen(listener: (changed: Changed) => void): () => void {
    return this._store.listen(listener);
  }
  request(): void {
    // there is no kernel behind it
  }
  private readonly _store = new Store();
}

class Drawing extends Widget implements IRenderMime.IRenderer {
  constructor() {
    super();
    this.addClass('jm-output');
    this._unmount = [
      mountHeader(this.node, this._shown),
      mount(this.node, this._shown, { ...editing(command), most: () => 520 }),
      models.listen(() => this._show())
    ];
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const named = [model.data[MIME], model.data[WIDGET]] as ({ model_id?: unknown } | null | undefined)[];
    this._id =
      (named.map(each => each?.model_id).find(id => typeof id === 'string') as string | undefined) ?? '';
    this._saved = new Saved(model.data[MIME]);
    this._show();
  }

  override dispose(): void {
    this._unmount.forEach(stop => stop());
    this._shown.dispose();
    super.dispose();
  }

  private _show(): void {
    this._shown.use(models.get(this._id) ?? this._saved);
  }

  private _id = '';
  private _saved: ISource | null = null;
  private readonly _shown = new Switch();
  private readonly _unmount: (() => void)[];
}

export const mime: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:mime',
  description: 'Draws saved pipelines in notebooks.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate: (_, registry: IRenderMimeRegistry) => {
    registry.addFactory({ safe: true, mimeTypes: [MIME], createRenderer: () => new Drawing() }, RANK);
  }
};
