import { expect, test } from 'vitest';

import { sample } from '../dag/sample';
import { KernelSource, PUSH } from './kernel';

/** As much of a kernel as the source touches. */
class FakeKernel {
  sent: unknown[] = [];
  handlers: Record<string, ((sender: unknown, value: unknown) => void) | undefined> = {};
  supportsSubshells = true;
  isDisposed = false;
  connectionStatus = 'connected';
  comm = {
    isDisposed: false,
    onMsg: () => undefined,
    open: () => this.sent.push('open'),
    send: (data: unknown) => this.sent.push(data),
    close: () => this.sent.push('close'),
    dispose: () => this.sent.push('dispose')
  };
  info = Promise.resolve({ language_info: { name: 'python' } });

  constructor(readonly loaded: boolean) {}

  signal = (name: string) => ({
    connect: (slot: (sender: unknown, value: unknown) => void, self: unknown) =>
      (this.handlers[name] = slot.bind(self)),
    disconnect: () => (this.handlers[name] = undefined)
  });
  iopubMessage = this.signal('iopub');
  statusChanged = this.signal('status');
  createComm = () => this.comm;
  requestExecute = () => ({
    done: Promise.resolve({
      content: { user_expressions: { loaded: { data: { 'text/plain': this.loaded ? 'True' : 'False' } } } }
    })
  });

  push(data: unknown): void {
    this.handlers.iopub?.(this, { header: { msg_type: 'comm_msg' }, content: { comm_id: PUSH, data } });
  }
}

const start = async (loaded: boolean) => {
  const kernel = new FakeKernel(loaded);
  const source = new KernelSource(kernel as never);
  await new Promise(resolve => setTimeout(resolve));
  return { kernel, source };
};

test('nothing is opened in a kernel that has not loaded us', async () => {
  const { kernel, source } = await start(false);
  expect([kernel.sent, source.controls, source.live()]).toEqual([[], false, false]);
});

test('a loaded kernel is asked for its state, and can be told to cancel', async () => {
  const { kernel, source } = await start(true);
  source.request({ action: 'cancel' });
  expect(kernel.sent).toEqual(['open', { type: 'state' }, { type: 'cancel' }]);
  source.dispose();
  expect(kernel.sent[3]).toBe('close');
});

test('what is pushed is shown without any handshake', async () => {
  const { kernel, source } = await start(false);
  kernel.push({ type: 'show', picture: sample() });
  kernel.push({ type: 'show', picture: { changes: 1, states: { raw: { status: 'failed', detail: 'x' } } } });
  expect([source.live(), source.picture()?.states.get('raw')?.status]).toEqual([true, 'failed']);
});

test('a restart keeps the last picture and says that it is not live', async () => {
  const { kernel, source } = await start(true);
  kernel.push({ type: 'show', picture: sample() });
  kernel.handlers.status?.(kernel, 'restarting');
  expect([source.live(), source.controls, source.picture()?.pipeline]).toEqual([false, false, 'flights']);
});

test('questions wait for CTRL, are answered by number, and refused where the kernel was restarted', async () => {
  const kernel = new FakeKernel(true);
  const source = new KernelSource(kernel as never);
  kernel.push({ type: 'show', picture: sample() });
  const asked = source.ask('preview', { block: 'raw' });
  await new Promise(resolve => setTimeout(resolve));
  expect(kernel.sent).toEqual([
    'open',
    { type: 'state' },
    { block: 'raw', type: 'ask', id: 1, what: 'preview' }
  ]);
  (kernel.comm.onMsg as (message: unknown) => void)({
    content: { data: { type: 'answer', id: 1, value: 7 } }
  });
  expect(await asked).toBe(7);
  kernel.handlers.status?.(kernel, 'restarting');
  await expect(source.ask('preview', {})).rejects.toThrow('Run the cells again');
});

test('only where CTRL is on a subshell is a question answered beside a cell', async () => {
  const { kernel, source } = await start(true);
  const waits = (status: string, subshells: boolean) => {
    Object.assign(kernel, { status, supportsSubshells: subshells });
    return source.waits;
  };
  expect([waits('busy', true), waits('busy', false), waits('idle', false)]).toEqual([false, true, false]);
});

test('the last words of a kernel that is restarted in a run do not make it live again', async () => {
  const { kernel, source } = await start(true);
  kernel.push({ type: 'show', picture: sample() });
  kernel.handlers.status?.(kernel, 'restarting');
  kernel.push({ type: 'show', picture: { changes: 1, states: { raw: { status: 'cancelled' } } } });
  expect([source.live(), source.picture()?.states.get('raw')?.status]).toEqual([false, 'cancelled']);
  kernel.push({ type: 'loaded' });
  kernel.push({ type: 'show', picture: sample() });
  expect(source.live()).toBe(true);
});
