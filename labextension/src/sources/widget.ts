/** A notebook widget's pipeline: the whole picture is a trait, changes come as messages. */

import { DOMWidgetModel, DOMWidgetView, type ISerializers } from '@jupyter-widgets/base';

import { editing } from '../dag/editing';
import { mountHeader } from '../dag/header';
import { type Changed, type IPicture, type IRequest, type ISource, Store } from '../dag/model';
import { mount } from '../dag/view';
import { words } from '../dag/words';
import { command } from '../views/command';
import { models, MODULE, VERSION } from './models';

export class DagModel extends DOMWidgetModel implements ISource {
  override defaults(): Backbone.ObjectHash {
    return {
      ...super.defaults(),
      _model_name: 'DagModel',
      _model_module: MODULE,
      _model_module_version: VERSION,
      _view_name: 'DagView',
      _view_module: MODULE,
      _view_module_version: VERSION,
      picture: {}
    };
  }

  override initialize(
    attributes: Backbone.ObjectHash,
    options: Parameters<DOMWidgetModel['initialize']>[1]
  ): void {
    this.store = new Store();
    super.initialize(attributes, options);
    this.store.put(this.get('picture'));
    this.on('change:picture', () => this.store.put(this.get('picture')));
    this.on('msg:custom', (content: unknown) => this.store.put(content));
    this.on('comm_live_update', () => this.store.tell(null));
    models.set(this.model_id, this);
  }

  override close(closed?: boolean): Promise<void> {
    models.remove(this.model_id, this);
    const done = super.close(closed);
    this.store.tell(null);
    return done;
  }

  picture(): IPicture | null {
    return this.store.picture;
  }

  live(): boolean {
    return this.comm_live;
  }

  listen(listener: (changed: Changed) => void): () => void {
    return this.store.listen(listener);
  }

  request(request: IRequest): void {
    if (request.action === 'edit') {
      request.told?.({
        command: '',
        notes: [],
        error: words('No notebook is open here whose cells could be edited')
      });
    } else if (this.comm_live) {
      this.send({ action: request.action, block: request.block ?? '' });
    }
  }

  /** Made in `initialize`, which runs before any field of this class would be. */
  store!: Store;

  static override serializers: ISerializers = { ...DOMWidgetModel.serializers };
}

/** For places that show widgets themselves, such as a box of several. */
export class DagView extends DOMWidgetView {
  override render(): void {
    const source = this.model as DagModel;
    this.el.classList.add('jm-output');
    const unmount = [
      mountHeader(this.el, source),
      mount(this.el, source, { ...editing(command), most: () => 520 })
    ];
    this.once('remove', () => unmount.forEach(stop => stop()));
  }
}
