/** One run: how it went, when each block ran, what each gave; and what can be done about it. */

import type { BlockLine, RunDetail } from '../contract';
import { duration, html, icon, lookOf } from '../dag/dom';
import type { IRequest } from '../dag/model';
import { REQUEST } from '../dag/request';
import { words } from '../dag/words';
import { mount } from '../dag/view';
import { follow, WAIT } from './follow';
import { described, mountGantt } from './gantt';
import type { IHistory } from './history';
import { actions, ago, moment, notice } from './parts';
import { RunSource } from './run_source';
import { mountTable } from './run_table';
import type { IContext, IMounted } from './view';

export interface IRunView extends IMounted {
  readonly run: string;
}

const WAYS = [
  ['timeline', 'Timeline'],
  ['table', 'Table'],
  ['graph', 'Graph']
] as const;

type Way = (typeof WAYS)[number][0];

/** The way in which a run was last looked at: the next is shown in the same. */
let lastWay: Way = 'timeline';

/** `back` goes back to the list. */
export function mountRun(
  host: HTMLElement,
  context: IContext,
  history: IHistory,
  asked: { project: string; run: string },
  back: () => void
): IRunView {
  const title = html('div', { class: 'jm-runtitle' });
  const facts = html('div', { class: 'jm-runfacts' });
  const problem = notice();
  const refused = notice(); // apart: the next answer of the server takes its own notice away
  const doing = actions(text => refused.say(text, true));
  const ways = html('div', { class: 'jm-ways', role: 'group', 'aria-label': words('Show as') });
  const stage = html('div', { class: 'jm-stageroom' });
  const more = html('div', { class: 'jm-blockcard' });
  more.hidden = true;
  const returned = html(
    'button',
    { type: 'button', class: 'jm-button jm-worded jm-back' },
    '‹ ',
    words('Runs')
  );
  returned.addEventListener('click', back);
  const root = html(
    'div',
    { class: 'jm-run' },
    html(
      'div',
      { class: 'jm-runhead' },
      html('div', { class: 'jm-runbar' }, returned, ways),
      title,
      facts,
      doing.root,
      refused.root,
      problem.root
    ),
    stage,
    more
  );
  host.append(root);

  let detail: RunDetail | null = null;
  const blocks = new Map<string, BlockLine>();
  let sequence = 0;
  let marked = '';
  let looking = false;
  let way: Way = lastWay;
  let shown: { paint(): void; mark(block: string): void; seen(yes: boolean): void; unmount(): void } | null =
    null;

  const mark = (block: string) => {
    marked = block;
    shown?.mark(block);
    card();
  };

  const card = () => {
    const line = blocks.get(marked);
    more.hidden = !line;
    if (line) {
      drawCard(more, line, context, asked, () => mark(''));
    }
  };

  const choose = (next: Way) => {
    shown?.unmount();
    stage.replaceChildren();
    lastWay = way = next;
    for (const each of ways.children) {
      each.setAttribute('aria-pressed', String((each as HTMLElement).dataset.way === next));
    }
    const lines = () => [...blocks.values()];
    if (next === 'timeline') {
      const chart = mountGantt(stage, mark);
      shown = { ...chart, paint: () => detail && chart.show(detail, lines()), seen: () => undefined };
    } else if (next === 'table') {
      const table = mountTable(stage, mark);
      shown = { ...table, paint: () => table.show(lines()), seen: () => undefined };
    } else {
      const flow = (block: string, target: string) => context.show('data', { ...asked, block, target });
      shown = graphOf(stage, history, asked, { mark, flow }, text => problem.say(text, true));
    }
    shown.paint();
    shown.mark(marked);
    shown.seen(looking);
  };
  for (const [id, label] of WAYS) {
    const made = html('button', { type: 'button', class: 'jm-button jm-worded' }, words(label));
    made.dataset.way = id;
    made.addEventListener('click', () => choose(id));
    ways.append(made);
  }

  const take = (answer: RunDetail) => {
    problem.say('');
    detail = answer;
    sequence = answer.sequence;
    if (answer.whole) {
      blocks.clear();
    }
    answer.blocks.forEach(line => blocks.set(line.name, line));
    drawHead(title, facts, answer);
    doing.show(offered(answer, context, history, asked));
    shown?.paint();
    card();
  };

  const following = follow(
    (stamp, stop) =>
      history.run({ ...asked, after: stamp ? sequence : 0, stamp, wait: stamp ? WAIT : 0 }, stop),
    take,
    text => problem.say(text, true)
  );
  choose(way);
  return {
    run: asked.run,
    seen: yes => {
      looking = yes;
      following.seen(yes);
      shown?.seen(yes);
    },
    unmount: () => {
      following.stop();
      shown?.unmount();
      root.remove();
    }
  };
}

function graphOf(
  stage: HTMLElement,
  history: IHistory,
  asked: { project: string; run: string },
  { mark, flow }: { mark: (block: string) => void; flow: (source: string, target: string) => void },
  fail: (text: string) => void
) {
  const source = new RunSource(history, asked, fail);
  const room = html('div', { class: 'jm-graph jm-rungraph' });
  stage.append(room);
  const most = () => Math.max(200, stage.clientHeight);
  const stop = mount(room, source, { wheelPans: true, room: stage, most });
  const clicked = (event: Event) => {
    const node = event.target instanceof Element ? event.target.closest<SVGElement>('.jm-node') : null;
    if (node?.dataset.block) {
      event.stopPropagation(); // it would go to a cell: this is a run, and the notebook may be another
      mark(node.dataset.block);
    }
  };
  room.addEventListener(REQUEST, event => {
    const { block, subject } = (event as CustomEvent<IRequest>).detail;
    event.preventDefault();
    event.stopPropagation();
    if (subject?.block && subject.target) {
      flow(subject.block, subject.target);
    } else if (block) {
      mark(block);
    }
  });
  room.addEventListener('click', clicked);
  return {
    paint: () => undefined,
    mark: () => undefined,
    seen: (yes: boolean) => source.seen(yes),
    unmount: () => {
      stop();
      source.dispose();
      room.remove();
    }
  };
}

function drawHead(title: HTMLElement, facts: HTMLElement, { run, variables, items_left }: RunDetail): void {
  title.dataset.status = run.status;
  title.replaceChildren(
    html('span', { class: 'jm-sign' }, icon(run.status, 18)),
    html('span', { class: 'jm-runname' }, run.pipeline),
    html(
      'span',
      { class: 'jm-runstate' },
      [lookOf(run.status).label, run.seconds === null ? '' : duration(run.seconds)]
        .filter(Boolean)
        .join(' · ')
    )
  );
  const started = html('span', { title: moment(run.started) }, ago(run.started));
  const from = [run.face, [run.user, run.host].filter(Boolean).join('@')].filter(Boolean).join(' · ');
  const said = [
    from,
    run.selection && words('selection {text}', { text: run.selection }),
    run.git && words('commit {text}', { text: run.git.slice(0, 8) }),
    ...Object.entries(variables).map(([name, value]) => `${name} = ${value}`),
    items_left ? words('{n} more items are not shown', { n: items_left }) : ''
  ];
  facts.replaceChildren(
    started,
    ...said.filter(Boolean).map(text => html('span', {}, text)),
    html('code', { class: 'jm-runid' }, run.id)
  );
}

function offered(
  answer: RunDetail,
  context: IContext,
  history: IHistory,
  asked: { project: string; run: string }
) {
  const { commands } = answer;
  return [
    { label: words('Cancel'), command: commands.cancel, act: () => history.cancel(asked) },
    { label: words('Resume'), command: commands.resume, main: true, act: () => history.resume(asked) },
    {
      label: words('Run again'),
      command: commands.rerun,
      act: async () => {
        const { run } = await history.rerun(asked);
        if (run) {
          context.show('runs', { project: asked.project, run });
        }
      }
    },
    { label: words('Logs'), command: commands.logs, act: () => context.show('logs', asked) }
  ];
}

function drawCard(
  card: HTMLElement,
  line: BlockLine,
  context: IContext,
  asked: { project: string; run: string },
  close: () => void
): void {
  const shut = html(
    'button',
    { type: 'button', class: 'jm-button', title: words('Close'), 'aria-label': words('Close') },
    '×'
  );
  shut.addEventListener('click', close);
  const go = (view: string, label: string) => {
    const made = html('button', { type: 'button', class: 'jm-button jm-worded' }, label);
    made.addEventListener('click', () => context.show(view, { ...asked, block: line.name }));
    return made;
  };
  const tries = line.attempts.map(each =>
    html(
      'li',
      {},
      html('span', { class: 'jm-sign' }, icon(each.status, 13)),
      `${words('try {n}', { n: each.number })} · ${moment(each.started)}`,
      each.ended === null ? '' : ` · ${duration(each.ended - each.started)}`,
      each.error ? ` · ${each.error}` : ''
    )
  );
  card.dataset.status = line.status;
  card.replaceChildren(
    html(
      'div',
      { class: 'jm-cardhead' },
      html('span', { class: 'jm-sign' }, icon(line.status, 15)),
      html('span', { class: 'jm-blockname' }, line.label),
      go('logs', words('Logs')),
      ...(line.shape ? [go('data', words('Data'))] : []),
      shut
    ),
    html(
      'p',
      {},
      described({ ...line, error: '' })
        .split('\n')
        .slice(1)
        .join(' · ')
    ),
    ...(line.error
      ? [
          html(
            'pre',
            { class: 'jm-error' },
            line.error + (line.line === null ? '' : `\n${words('line {n}', { n: line.line })}`)
          )
        ]
      : []),
    ...(tries.length > 1 ? [html('ol', { class: 'jm-tries' }, ...tries)] : [])
  );
}
