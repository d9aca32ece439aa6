/** A run of the history as a source to draw: its graph as it was run, live while it goes on. */

import { type Changed, type IPicture, type ISource, Store } from '../dag/model';
import { follow, WAIT } from './follow';
import type { IHistory } from './history';

export class RunSource implements ISource {
  constructor(
    history: IHistory,
    asked: { project: string; run: string },
    private readonly _fail: (message: string) => void
  ) {
    let sequence = 0;
    this._follow = follow(
      (stamp, stop) => history.picture({ ...asked, after: sequence, stamp, wait: stamp ? WAIT : 0 }, stop),
      answer => {
        this._fail('');
        // changes of a picture that is not here are thrown away, and the whole one asked for
        sequence = this._store.put(answer.picture) ? answer.sequence : 0;
      },
      message => this._fail(message)
    );
  }

  seen(yes: boolean): void {
    this._follow.seen(yes);
  }

  picture(): IPicture | null {
    return this._store.picture;
  }

  live(): boolean {
    return true;
  }

  listen(listener: (changed: Changed) => void): () => void {
    return this._store.listen(listener);
  }

  /** The run is over or somebody else's: nothing of the graph is asked for here. */
  request(): void {
    return;
  }

  dispose(): void {
    this._follow.stop();
  }

  private readonly _store = new Store();
  private readonly _follow;
}
