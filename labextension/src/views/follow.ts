/** Asks again and again, as long as somebody looks: each answer comes when something was written, so nothing is missed. */

/** Seconds that the server waits for news before it answers anyway. */
export const WAIT = 5;
/** Milliseconds between two answers: ten a second are enough for eyes. */
const REST = 100;
/** Milliseconds after an error, twice as many after the next, up to the longest. */
const AGAIN = 1000;
const LONGEST = 15000;

export interface IFollow {
  /** Whether anybody looks; out of sight nothing is asked. */
  seen(yes: boolean): void;
  /** Begin anew: something else is asked for now. */
  again(): void;
  stop(): void;
}

/**
 * `ask` is called with the stamp of the last answer (none at first), `take` with each answer, `fail` with a sentence when there is
 * none. An answer to an older question is thrown away.
 */
export function follow<T extends { stamp: string }>(
  ask: (stamp: string | undefined, stop: AbortSignal) => Promise<T> | null,
  take: (answer: T) => void,
  fail: (message: string) => void
): IFollow {
  let looking = false;
  let gone = false;
  let running: AbortController | null = null;

  const visible = () => looking && !gone && !document.hidden;

  const loop = async (control: AbortController) => {
    let stamp: string | undefined;
    let wait = AGAIN;
    while (!control.signal.aborted) {
      const asked = ask(stamp, control.signal);
      if (!asked) {
        return;
      }
      try {
        const answer = await asked;
        if (control.signal.aborted) {
          return;
        }
        take(answer);
        stamp = answer.stamp;
        wait = AGAIN;
        await rest(REST, control.signal);
      } catch (error) {
        if (control.signal.aborted) {
          return;
        }
        fail(error instanceof Error ? error.message : String(error));
        await rest(wait, control.signal);
        wait = Math.min(LONGEST, 2 * wait);
      }
    }
  };

  const settle = () => {
    if (visible() && !running) {
      running = new AbortController();
      void loop(running);
    } else if (!visible() && running) {
      running.abort();
      running = null;
    }
  };
  document.addEventListener('visibilitychange', settle);
  return {
    seen: yes => {
      looking = yes;
      settle();
    },
    again: () => {
      running?.abort();
      running = null;
      settle();
    },
    stop: () => {
      gone = true;
      document.removeEventListener('visibilitychange', settle);
      settle();
    }
  };
}

function rest(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise(done => {
    const timer = setTimeout(done, milliseconds);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
