import { expect, test } from 'vitest';

import { Refusal } from '../views/data_source';
import { refusal } from './kernel_data';
import { Questions } from './questions';

const setUp = () => {
  const sent: unknown[] = [];
  const questions = new Questions();
  return { sent, questions, open: () => questions.use(message => sent.push(message)) };
};

test('what was asked before the way is open goes when it is, and each gets its own answer', async () => {
  const { sent, questions, open } = setUp();
  const first = questions.ask('preview', { block: 'raw' });
  open();
  const second = questions.ask('plan', {});
  expect(sent).toEqual([
    { block: 'raw', type: 'ask', id: 1, what: 'preview' },
    { type: 'ask', id: 2, what: 'plan' }
  ]);
  questions.take({ id: 2, value: 'second' });
  questions.take({ id: 1, value: 'first' });
  questions.take({ id: 1, value: 'again' });
  questions.take({ id: '2', error: 'of another sort' });
  expect([await first, await second]).toEqual(['first', 'second']);
});

test('a refusal has its sentence and its hint', async () => {
  const { questions, open } = setUp();
  open();
  const asked = questions.ask('preview', {});
  questions.take({ id: 1, error: 'no block x', hint: '%pipeline' });
  await expect(asked).rejects.toEqual(new Refusal('no block x', '%pipeline'));
});

test('arguments cannot pretend to be another message', () => {
  const { sent, questions, open } = setUp();
  open();
  void questions.ask('plan', { type: 'cancel', id: 9, what: 'x' });
  expect(sent).toEqual([{ type: 'ask', id: 1, what: 'plan' }]);
});

test('a kernel that is gone answers nothing any more', async () => {
  const { sent, questions, open } = setUp();
  open();
  const asked = questions.ask('plan', {});
  questions.drop(new Refusal('gone'));
  await expect(asked).rejects.toThrow('gone');
  void questions.ask('plan', {});
  expect(sent.length).toBe(1);
});

test.each([
  ['no run is unfinished\n  → %pipeline runs', 'no run is unfinished', '%pipeline runs'],
  ['\u001b[31mred\u001b[0m', 'red', ''],
  ['', 'UsageError', '']
])('an error %j is said as %j', (evalue, message, hint) => {
  const said = refusal('UsageError', evalue);
  expect([said.message, said.hint]).toEqual([message, hint]);
});
