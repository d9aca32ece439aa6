import { expect, test, vi } from 'vitest';

import { follow } from './follow';

/** A server that answers when it is told to. */
function server() {
  const asked: (string | undefined)[] = [];
  const waiting: { answer: (stamp: string) => void; fail: (why: string) => void; stop: AbortSignal }[] = [];
  const ask = (stamp: string | undefined, stop: AbortSignal) => {
    asked.push(stamp);
    return new Promise<{ stamp: string }>((resolve, reject) =>
      waiting.push({ answer: stamp => resolve({ stamp }), fail: why => reject(new Error(why)), stop })
    );
  };
  return { asked, waiting, ask };
}

const settle = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

test('each question tells the stamp of the last answer, and nobody asks out of sight', async () => {
  vi.useFakeTimers();
  const { asked, waiting, ask } = server();
  const taken: string[] = [];
  const following = follow(
    ask,
    answer => taken.push(answer.stamp),
    () => undefined
  );
  await settle(1000);
  expect(asked).toEqual([]);
  following.seen(true);
  waiting[0]?.answer('s1');
  await settle(100);
  expect([asked, taken]).toEqual([[undefined, 's1'], ['s1']]);
  following.seen(false);
  expect(waiting[1]?.stop.aborted).toBe(true);
  waiting[1]?.answer('s2');
  await settle(1000);
  expect([asked.length, taken]).toEqual([2, ['s1']]);
  following.stop();
  vi.useRealTimers();
});

test('an error is said and asked again, later each time', async () => {
  vi.useFakeTimers();
  const { asked, waiting, ask } = server();
  const said: string[] = [];
  const following = follow(
    ask,
    () => undefined,
    message => said.push(message)
  );
  following.seen(true);
  waiting[0]?.fail('gone');
  await settle(999);
  expect([said, asked.length]).toEqual([['gone'], 1]);
  await settle(2);
  waiting[1]?.fail('still gone');
  await settle(1999);
  expect(asked.length).toBe(2);
  await settle(2);
  expect([said, asked.length]).toEqual([['gone', 'still gone'], 3]);
  following.stop();
  vi.useRealTimers();
});

test('what is asked anew gets no answer to an old question', async () => {
  vi.useFakeTimers();
  const { asked, waiting, ask } = server();
  const taken: string[] = [];
  const following = follow(
    ask,
    answer => taken.push(answer.stamp),
    () => undefined
  );
  following.seen(true);
  following.again();
  waiting[0]?.answer('old');
  waiting[1]?.answer('new');
  await settle();
  expect([asked, taken]).toEqual([[undefined, undefined], ['new']]);
  following.stop();
  vi.useRealTimers();
});

test('what is written is taken within 200 ms: it is asked for again as soon as the rest is over', async () => {
  vi.useFakeTimers();
  const written: number[] = []; // when; the stamp is how many
  const LOOK = 80; // the server's, while it waits
  const ask = async (stamp: string | undefined) => {
    while (stamp === String(written.length)) {
      await new Promise(done => setTimeout(done, LOOK));
    }
    return { stamp: String(written.length) };
  };
  const waited: number[] = [];
  const following = follow(
    ask,
    ({ stamp }) => {
      written.slice(waited.length, Number(stamp)).forEach(at => waited.push(Date.now() - at));
    },
    () => undefined
  );
  following.seen(true);
  for (let step = 0; step < 200; step++) {
    await settle(1 + ((step * 37) % 101)); // closer together and further apart than the looks
    written.push(Date.now());
  }
  await settle(1000);
  expect([waited.length, Math.max(...waited) <= 200]).toEqual([200, true]);
  following.stop();
  vi.useRealTimers();
});
