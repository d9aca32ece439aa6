/** The widgets' models that are there. Nothing of ipywidgets is needed to ask for one. */

import type { ISource } from '../dag/model';

/** Our widgets' module, and its version: what Python names. */
export const MODULE = 'jupyter-mage';
export const VERSION = '0.1.0';

/** Models that are there, by id, for outputs that show the same picture. */
class Models {
  get(id: string): ISource | undefined {
    return this._models.get(id);
  }

  set(id: string, model: ISource): void {
    this._models.set(id, model);
    for (const listener of [...this._listeners]) {
      listener(id);
    }
  }

  remove(id: string, model: ISource): void {
    if (this._models.get(id) === model) {
      this._models.delete(id);
    }
  }

  listen(listener: (id: string) => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  private readonly _models = new Map<string, ISource>();
  private readonly _listeners = new Set<(id: string) => void>();
}

export const models = new Models();
