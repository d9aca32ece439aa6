/** The views' answers from the kernel of the notebook in front. */

import type { KernelMessage } from '@jupyterlab/services';

import { words } from '../dag/words';
import { read } from '../read';
import { type IData, type IOutcome, Refusal } from '../views/data_source';
import type { KernelSource } from './kernel';

const ANSI = /\x1b\[[0-9;]*m/g;
const IMAGES = ['image/png', 'image/jpeg', 'image/svg+xml'];
const MOST = 200_000;
/** One line that calls our magic: a name out of a picture or a history may be anything, but it makes no code of its own. */
const OURS = /^%(pipeline|load_ext jupyter_mage|reload_ext jupyter_mage)( [^\r\n]*)?$/;

export class KernelData implements IData {
  constructor(private readonly _kernel: () => KernelSource | null) {}

  async ask(what: string, given: Record<string, unknown> = {}): Promise<unknown> {
    return this._there().ask(what, given);
  }

  waits(): string {
    return this._kernel()?.waits ? words('The kernel answers when the cell that runs has ended.') : '';
  }

  /** Output goes to who asked, not into the notebook. */
  async execute(command: string): Promise<IOutcome> {
    const kernel = this._there().kernel;
    if (!OURS.test(command)) {
      throw new Refusal(words('This is no command of ours: {command}', { command: command.slice(0, 200) }));
    }
    const future = kernel.requestExecute({ code: command, store_history: false, stop_on_error: false });
    const outcome: IOutcome = { text: '', images: [] };
    future.onIOPub = message => collect(outcome, message);
    const reply = await future.done;
    const content = reply?.content as { status?: string; ename?: unknown; evalue?: unknown } | undefined;
    if (content?.status !== 'ok') {
      throw refusal(text(100)(content?.ename), text(4000)(content?.evalue));
    }
    return outcome;
  }

  private _there(): KernelSource {
    const kernel = this._kernel();
    if (!kernel) {
      throw new Refusal(words('No notebook with a kernel is in front.'));
    }
    return kernel;
  }
}

/** Our errors end with a line `→ what to type`. */
export function refusal(ename: string, evalue: string): Refusal {
  const lines = evalue.replace(ANSI, '').split('\n');
  const hint = lines.find(line => /^\s*→ /.test(line))?.replace(/^\s*→ /, '') ?? '';
  const said = lines[0]?.trim() || ename || words('the kernel ended before it answered');
  return new Refusal(said, hint.trim());
}

function collect(outcome: IOutcome, message: KernelMessage.IIOPubMessage): void {
  const content = message.content as { text?: unknown; data?: Record<string, unknown> };
  if (message.header.msg_type === 'stream') {
    outcome.text = (outcome.text + text(MOST)(content.text)).slice(-MOST);
  }
  const data = content.data;
  if (!data || !['display_data', 'execute_result'].includes(message.header.msg_type)) {
    return;
  }
  const mime = IMAGES.find(each => typeof data[each] === 'string');
  if (mime) {
    const raw = data[mime] as string;
    outcome.images.push(
      read('Image', { mime, data: mime === 'image/svg+xml' ? encoded(raw) : raw.replace(/\s/g, '') })
    );
  } else {
    outcome.text += `${text(MOST)(data['text/plain'])}\n`;
  }
}

function text(most: number): (value: unknown) => string {
  return value => (typeof value === 'string' ? value.slice(0, most) : '');
}

function encoded(markup: string): string {
  const bytes = new TextEncoder().encode(markup.slice(0, 2_000_000));
  return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
}
