/**
 * A kernel's pipeline. Two ways, apart, so that control is answered while a cell runs:
 *
 * - PUSH, kernel to here: messages on a comm that is never opened, read off iopub by its fixed id;
 * - CTRL, here to kernel: a comm that we open, on a subshell of its own where the kernel has them.
 */

import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { type Changed, type IEdit, type IPicture, type IRequest, type ISource, Store } from '../dag/model';
import { words } from '../dag/words';
import { Refusal } from '../views/data_source';
import { Questions } from './questions';

export const PUSH = 'jupyter_mage.push';
export const TARGET = 'jupyter_mage';

const LOADED = "getattr(__import__('sys').modules.get('jupyter_mage.panel'), 'started', False)";
const GONE = new Set<string>(['restarting', 'autorestarting', 'dead', 'terminating']);

interface IMessage {
  type?: unknown;
  picture?: unknown;
  id?: unknown;
  edit?: unknown;
}

function readEdit(value: unknown): IEdit {
  const edit = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const text = (each: unknown) => (typeof each === 'string' ? each : '');
  return { do: text(edit.do) as IEdit['do'], block: text(edit.block), to: text(edit.to) };
}

interface IFollowed {
  status?: string;
  user_expressions?: { followed?: { data?: { 'application/json'?: { notes?: unknown } } } };
}

export class KernelSource implements ISource {
  constructor(readonly kernel: Kernel.IKernelConnection) {
    kernel.iopubMessage.connect(this._iopub, this);
    kernel.statusChanged.connect(this._status, this);
    void this._probe();
  }

  dispose(): void {
    this._disposed = true;
    this.kernel.iopubMessage.disconnect(this._iopub, this);
    this.kernel.statusChanged.disconnect(this._status, this);
    this._drop(true);
  }

  picture(): IPicture | null {
    return this._store.picture;
  }

  live(): boolean {
    return this._live;
  }

  listen(listener: (changed: Changed) => void): () => void {
    return this._store.listen(listener);
  }

  /** Whether a request to stop reaches the kernel while a cell runs. */
  get controls(): boolean {
    return this._comm !== null && this.kernel.supportsSubshells === true;
  }

  request(request: IRequest): void {
    if (request.action === 'cancel') {
      this._comm?.send({ type: 'cancel' });
    }
  }

  /** Ask what `answers` in the kernel has a name for. Before CTRL is open the question waits; where it never will be, it is refused. */
  ask(what: string, given: Record<string, unknown>): Promise<unknown> {
    return this._comm || this._live ? this._questions.ask(what, given) : Promise.reject(gone());
  }

  /** Whether it answers only when the cell that runs has ended. */
  get waits(): boolean {
    return this.kernel.status === 'busy' && !(this._opened && this.controls);
  }

  /** Is given the edits that were typed, `%pipeline rename a b`: who has the cells makes them. */
  edits: ((edit: IEdit) => void) | null = null;

  /** Whether CTRL is open: it answers questions. */
  get answers(): boolean {
    return this._opened;
  }

  /**
   * Have the kernel read what cells say now, without running them: between two cells, as a definition has to be.
   * What it answers is what there is to say of it.
   */
  async follow(changed: Record<string, string>, removed: string[]): Promise<string[]> {
    const given = JSON.stringify(JSON.stringify({ changed, removed })); // which is a text in Python, too
    const code = `__import__('sys').modules['jupyter_mage.panel'].follow(${given})`;
    for (;;) {
      const future = this.kernel.requestExecute({
        code: '',
        silent: true,
        stop_on_error: false,
        user_expressions: { followed: code }
      });
      const content = (await future.done)?.content as IFollowed | undefined;
      if (content?.status === 'aborted') {
        continue; // it was queued behind a cell that failed
      }
      const notes = content?.user_expressions?.followed?.data?.['application/json']?.notes;
      return Array.isArray(notes) ? notes.filter(note => typeof note === 'string') : [];
    }
  }

  private _iopub(_: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    if (message.header.msg_type !== 'comm_msg') {
      return;
    }
    const content = message.content as { comm_id?: unknown; data?: unknown } | null | undefined;
    if (content?.comm_id === PUSH) {
      this._take(content.data);
    }
  }

  /** Take what the kernel says, which may be anything. `answer`: it was asked for, so nothing more is asked because of it. */
  private _take(said: unknown, answer = false): void {
    const message: IMessage = typeof said === 'object' && said !== null ? said : {};
    if (message.type === 'loaded') {
      this._gone = false;
      if (this._comm) {
        this._comm.send({ type: 'state' }); // loaded once more: the comm that there is reaches the new session
      } else {
        void this._open();
      }
    } else if (message.type === 'edit') {
      this.edits?.(readEdit(message.edit));
    } else if (message.type === 'answer') {
      this._questions.take(message);
    } else if (message.type === 'show' && this._gone && !answer) {
      this._store.put(message.picture); // the last words of a kernel that was restarted in a run
    } else if (message.type === 'show') {
      const first = !this._live;
      this._live = true;
      if (!this._store.put(message.picture)) {
        if (!answer) {
          this._comm?.send({ type: 'state' }); // changes of a picture that we never saw
        }
      } else if (first) {
        this._store.tell(null);
      }
    }
  }

  /** Whether our package is loaded there; asked silently, because opening an unknown target prints on the kernel's stderr. */
  private async _probe(): Promise<void> {
    const info = await this.kernel.info.catch(() => null);
    if (this._disposed || info?.language_info?.name !== 'python') {
      return;
    }
    const future = this.kernel.requestExecute({
      code: '',
      silent: true,
      user_expressions: { loaded: LOADED }
    });
    const reply = await future.done.catch(() => null);
    const content = reply?.content as
      { user_expressions?: { loaded?: { data?: Record<string, string> } } } | undefined;
    if (content?.user_expressions?.loaded?.data?.['text/plain'] === 'True') {
      await this._open();
    }
  }

  private async _open(): Promise<void> {
    if (this._disposed || this._comm) {
      return;
    }
    const comm = this.kernel.createComm(TARGET);
    this._comm = comm;
    comm.onMsg = message => this._take((message.content as { data?: unknown } | undefined)?.data, true);
    comm.onClose = () => {
      if (this._comm === comm) {
        this._comm = null;
        this._opened = false;
      }
    };
    // not in the public type: before it is there, messages would go to the main shell, which a running cell blocks
    await (comm as unknown as { subshellStarted?: Promise<unknown> }).subshellStarted?.catch(() => undefined);
    if (this._comm === comm && !this._disposed) {
      comm.open();
      this._opened = true;
      comm.send({ type: 'state' });
      this._questions.use(question => comm.send(question));
    }
  }

  private _status(_: Kernel.IKernelConnection, status: Kernel.Status): void {
    if (GONE.has(status)) {
      this._drop(false);
      this._live = false;
      this._gone = true;
      this._store.tell(null);
    }
  }

  private _drop(close: boolean): void {
    const comm = this._comm;
    this._comm = null;
    this._opened = false;
    this._questions.drop(gone());
    if (comm && !comm.isDisposed) {
      if (close && !this.kernel.isDisposed && this.kernel.connectionStatus === 'connected') {
        comm.close();
      } else {
        comm.dispose();
      }
    }
  }

  private readonly _store = new Store();
  private readonly _questions = new Questions();
  private _opened = false;
  private _comm: Kernel.IComm | null = null;
  private _live = false;
  /** Ended, and no new one has said that it is loaded. */
  private _gone = false;
  private _disposed = false;
}

function gone(): Refusal {
  return new Refusal(words('The kernel has nothing of this pipeline any more. Run the cells again.'));
}
