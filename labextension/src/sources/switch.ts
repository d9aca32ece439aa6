/** A source that shows another one, which may change: the panel's when the notebook does, an output's when its model comes. */

import type { Changed, IPicture, IRequest, ISource } from '../dag/model';

export class Switch implements ISource {
  use(source: ISource | null): void {
    if (source === this._source) {
      return;
    }
    this._stop?.();
    this._source = source;
    this._stop = source?.listen(changed => this._tell(changed));
    this._tell(null);
  }

  picture(): IPicture | null {
    return this._source?.picture() ?? null;
  }

  live(): boolean {
    return this._source?.live() ?? false;
  }

  request(request: IRequest): void {
    this._source?.request(request);
  }

  listen(listener: (changed: Changed) => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  dispose(): void {
    this._stop?.();
    this._listeners.clear();
  }

  private _tell(changed: Changed): void {
    for (const listener of [...this._listeners]) {
      listener(changed);
    }
  }

  private _source: ISource | null = null;
  private _stop: (() => void) | undefined;
  private readonly _listeners = new Set<(changed: Changed) => void>();
}
