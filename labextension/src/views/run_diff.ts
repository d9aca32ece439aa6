/** Two runs side by side: only what differs is said, and why. */

import type { DiffLine, DiffSide, RunDiff, RunLine } from '../contract';
import { duration, html, icon } from '../dag/dom';
import { words } from '../dag/words';
import { command } from './command';
import type { IHistory } from './history';
import { ago, message, moment, notice } from './parts';

/** `back` goes back to the list. */
export function mountDiff(
  host: HTMLElement,
  history: IHistory,
  asked: { project: string; before: string; after: string },
  back: () => void
): () => void {
  const stop = new AbortController();
  const returned = html(
    'button',
    { type: 'button', class: 'jm-button jm-worded jm-back' },
    '‹ ',
    words('Runs')
  );
  returned.addEventListener('click', back);
  const problem = notice();
  const body = html('div', { class: 'jm-rundiffbody' });
  const root = html('div', { class: 'jm-rundiff' }, returned, problem.root, body);
  host.append(root);
  problem.say(words('Comparing …'));
  history.diff(asked, stop.signal).then(
    found => {
      problem.say('');
      body.replaceChildren(...drawn(found));
    },
    (error: unknown) => stop.signal.aborted || problem.say(message(error), true)
  );
  return () => {
    stop.abort();
    root.remove();
  };
}

function drawn(found: RunDiff): HTMLElement[] {
  const other = found.blocks.filter(each => !each.same || each.reasons.length);
  const same = found.blocks.length - other.length;
  const table = html(
    'table',
    { class: 'jm-runtable jm-difftable' },
    html(
      'thead',
      {},
      html(
        'tr',
        {},
        html('th', { scope: 'col' }, words('Block')),
        html('th', { scope: 'col' }, heading(found.before)),
        html('th', { scope: 'col' }, heading(found.after))
      )
    ),
    ...other.map(row)
  );
  const parts: HTMLElement[] = [];
  if (found.variables.length) {
    parts.push(
      html('ul', { class: 'jm-runvariables' }, ...found.variables.map(each => html('li', {}, each)))
    );
  }
  if (other.length) {
    parts.push(html('div', { class: 'jm-tableroom' }, table));
  }
  const rest = same === 1 ? words('1 block gave the same.') : words('{n} blocks gave the same.', { n: same });
  if (same) {
    parts.push(html('p', { class: 'jm-notice' }, rest));
  }
  return [...parts, command(found.command).root];
}

function heading(run: RunLine): HTMLElement {
  return html(
    'span',
    { title: `${run.id}\n${moment(run.started)}` },
    html('span', { class: 'jm-sign' }, icon(run.status, 14)),
    ` ${ago(run.started)}`
  );
}

function row(line: DiffLine): HTMLElement {
  const said = [...line.differs, ...line.reasons];
  const body = html(
    'tbody',
    {},
    html('tr', {}, html('th', { scope: 'row' }, line.name), side(line.before), side(line.after)),
    ...(said.length
      ? [
          html(
            'tr',
            { class: 'jm-runwhy' },
            html('td', { colspan: 3 }, ...said.map(each => html('div', {}, each)))
          )
        ]
      : [])
  );
  body.dataset.block = line.name;
  return body;
}

function side(one: DiffSide | null): HTMLElement {
  if (!one) {
    return html('td', {}, '–');
  }
  const time = one.status === 'succeeded' && one.seconds !== null ? duration(one.seconds) : '';
  return html(
    'td',
    {},
    html('span', { class: 'jm-sign' }, icon(one.status, 14)),
    ` ${[one.shape, time].filter(Boolean).join(' · ')}`
  );
}
