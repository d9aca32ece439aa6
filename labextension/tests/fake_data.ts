/** A source of answers for views: what it was asked, and what it says to it. */

import { sample } from '../src/dag/sample';
import { type IData, type IOutcome, Refusal } from '../src/views/data_source';
import { Fake } from '../src/dag/sample';
import { type IHistory, Place } from '../src/views/history';
import type { IMounted, IView } from '../src/views/view';

type Given = Record<string, unknown>;

export class FakeData implements IData {
  readonly asked: [string, Given][] = [];
  readonly executed: string[] = [];
  slow = '';
  execute?: (command: string) => Promise<IOutcome> = async command => {
    this.executed.push(command);
    return this.outcome;
  };
  outcome: IOutcome = { text: '', images: [] };

  constructor(private readonly _answers: Record<string, (given: Given) => unknown>) {}

  async ask(what: string, given: Given = {}): Promise<unknown> {
    this.asked.push([what, given]);
    const answer = this._answers[what];
    if (!answer) {
      throw new Refusal(`no answer ${what}`, '%pipeline');
    }
    return answer(given);
  }

  waits(): string {
    return this.slow;
  }
}

/** A view of the sample picture, in sight. */
export function mounted(
  view: IView,
  data: FakeData,
  picture: unknown = sample(),
  history: IHistory | null = null
) {
  const host = document.createElement('div');
  document.body.replaceChildren(host);
  const source = new Fake();
  source.store.put(picture);
  const made: IMounted = view.mount(host, {
    source,
    data,
    history,
    place: new Place(),
    show: () => undefined
  });
  made.seen?.(true);
  const all = (selector: string) => [...host.querySelectorAll<HTMLElement>(selector)];
  const texts = (selector: string) => all(selector).map(each => each.textContent);
  const one = <T extends HTMLElement>(selector: string) => all(selector)[0] as T;
  const press = (label: string) =>
    all('button')
      .find(each => each.textContent === label || each.title === label)
      ?.click();
  return { host, source, made, all, texts, one, press };
}

/** Until all that was asked is answered and shown. */
export async function settled(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise(resolve => setTimeout(resolve));
  }
}

export function type(input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement, text: string): void {
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}
