/** What can be done with blocks and edges: one table, for the menu of the graph, of the list, and for whatever shows it next. */

import look from './look.json';
import { kindOf } from './dom';
import type { Entry, IItem } from './menu';
import type { IEdge, IEdit, INode, IPicture, IRequest, ISource, ITold } from './model';
import { words } from './words';

/** Languages that a body may have, by the word that a header says. */
const LANGUAGES: readonly [string, string][] = [
  ['python', 'Python'],
  ['sql', 'SQL']
];

const SIGN = {
  run: 'M4.5 2.8v10.4l8.5 -5.2z',
  above: 'M8 2v8M4.8 7l3.2 3.2l3.2 -3.2M3 13.5h10',
  below: 'M8 6v8M4.8 11l3.2 3.2l3.2 -3.2M3 2.5h10',
  all: 'M3 2.8v10.4l5 -5.2zM8.5 2.8v10.4l5 -5.2z',
  cell: 'M2.5 3.5h11v9h-11zM5 6.5l1.8 1.5l-1.8 1.5M8.5 10h2.5',
  data: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 3.5v9',
  logs: 'M3 4h10M3 7h7M3 10h10M3 13h5',
  rename: 'M3 13l.6 -3l7.2 -7.2l2.4 2.4l-7.2 7.2z',
  kind: 'M3 3h4.5v4.5h-4.5zM10.7 3.2l2.8 4.6h-5.6zM5.2 9.2a2.2 2.2 0 1 0 .01 0M9 9.5h4v4h-4z',
  language: 'M6 4l-3.5 4l3.5 4M10 4l3.5 4l-3.5 4',
  connect: 'M4 4.5a1.5 1.5 0 1 0 .01 0M12 8.5a1.5 1.5 0 1 0 .01 0M4.5 7.5c0 3 2 3 6 3',
  add: 'M3 3h10v4h-10zM8 9.5v5M5.5 12h5',
  remove: 'M3.5 4.5h9M6.5 4.5v-2h3v2M4.5 4.5l.7 9h5.6l.7 -9',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  fit: 'M2.5 6v-3.5h3.5M10 2.5h3.5v3.5M13.5 10v3.5h-3.5M6 13.5h-3.5v-3.5'
};

/** Where a menu stands: what it asks, of which picture, and what that place can do beside. */
export interface IPlace {
  readonly source: ISource;
  request(request: IRequest): void;
  /** What an edit came to is shown here. */
  told(told: ITold): void;
  /** Choose what a block is connected to, on the drawing; where it cannot, a list is offered. */
  connect?: ((node: INode) => void) | undefined;
  /** Show the whole drawing. */
  fit?: (() => void) | undefined;
}

/** Why nothing can run or be edited now, or nothing. */
export function refusal(source: ISource): string {
  return source.live() ? '' : words('No kernel follows this graph: start it, and run %load_ext jupyter_mage');
}

/** An edit, as an item of a menu: what it would come to is asked when it is pointed at. */
function editing(place: IPlace, edit: IEdit, item: Omit<IItem, 'does'>): IItem {
  const full = edit.to !== undefined || edit.do === 'delete' || edit.do === 'add';
  return {
    refused: refusal(place.source) || undefined,
    command: full ? () => wouldSay(place, edit) : undefined,
    ...item,
    does: () => place.request({ action: 'edit', edit, told: told => place.told(told) })
  };
}

function wouldSay(place: IPlace, edit: IEdit): Promise<string> {
  return new Promise(resolve =>
    place.request({ action: 'edit', edit, dry: true, told: told => resolve(told.error ?? told.command) })
  );
}

function running(place: IPlace, label: string, sign: string, request: IRequest): IItem {
  const refused = refusal(place.source);
  return {
    label,
    sign,
    refused: refused || undefined,
    command: `%pipeline run ${request.selection ?? request.block ?? ''}`.trim(),
    does: () => place.request(request)
  };
}

/** Run these blocks, alone or with what is above or below them. */
export function runEntries(place: IPlace, blocks: readonly string[]): Entry[] {
  const one = blocks.length === 1;
  const all = (before: string, after: string) => blocks.map(name => `${before}${name}${after}`).join(' ');
  const alone: IRequest = one
    ? { action: 'run-block', block: blocks[0] }
    : { action: 'run', selection: all('', '') };
  return [
    running(place, one ? words('Run this') : words('Run these {n}', { n: blocks.length }), SIGN.run, alone),
    running(place, words('Run with upstream'), SIGN.above, { action: 'run', selection: all('+', '') }),
    running(place, words('Run with downstream'), SIGN.below, { action: 'run', selection: all('', '+') }),
    running(place, words('Run all'), SIGN.all, { action: 'run' })
  ];
}

export function nodeEntries(place: IPlace, node: INode): Entry[] {
  if (node.members) {
    return runEntries(place, node.members);
  }
  const block = node.id;
  const subject = { block };
  const kinds = Object.keys(look.kinds).filter(kind => kind !== 'dbt');
  return [
    ...runEntries(place, [block]),
    'line',
    {
      label: words('Go to cell'),
      sign: SIGN.cell,
      keys: 'Enter',
      does: () => place.request({ action: 'open', block })
    },
    {
      label: words('Show data'),
      sign: SIGN.data,
      command: `%pipeline show ${block}`,
      does: () => place.request({ action: 'show', view: 'data', subject })
    },
    {
      label: words('Logs'),
      sign: SIGN.logs,
      command: `%pipeline logs ${block}`,
      does: () => place.request({ action: 'show', view: 'logs', subject })
    },
    'line',
    editing(place, { do: 'rename', block }, { label: words('Rename…'), sign: SIGN.rename, keys: 'F2' }),
    {
      label: words('Change kind'),
      sign: SIGN.kind,
      refused: refusal(place.source) || undefined,
      items: kinds.map(kind =>
        editing(
          place,
          { do: 'kind', block, to: kind },
          {
            label: words(kind.replaceAll('_', ' ')),
            sign: kindOf(kind).path,
            checked: kind === node.kind,
            refused: kind === node.kind ? words('It is one already') : refusal(place.source) || undefined
          }
        )
      )
    },
    {
      label: words('Change language'),
      sign: SIGN.language,
      refused: refusal(place.source) || undefined,
      items: LANGUAGES.map(([language, label]) =>
        editing(
          place,
          { do: 'language', block, to: language },
          {
            label,
            checked: language === node.language,
            refused:
              language === node.language ? words('It is in it already') : refusal(place.source) || undefined
          }
        )
      )
    },
    connecting(place, node),
    editing(place, { do: 'add', block }, { label: words('Add a block after'), sign: SIGN.add, keys: 'A' }),
    editing(place, { do: 'delete', block }, { label: words('Delete'), sign: SIGN.remove, keys: 'Delete' })
  ];
}

/** By the drawing where there is one, else by a list. */
function connecting(place: IPlace, node: INode): IItem {
  const item = { label: words('Connect to…'), sign: SIGN.connect, keys: 'C' };
  const asked: IRequest = {
    action: 'edit',
    edit: { do: 'connect', to: node.id },
    told: told => place.told(told)
  };
  return {
    ...item,
    refused: refusal(place.source) || undefined,
    does: () => (place.connect ? place.connect(node) : place.request(asked))
  };
}

export function edgeEntries(place: IPlace, edge: IEdge): Entry[] {
  const { source, target } = edge;
  return [
    {
      label: words('What flowed'),
      sign: SIGN.data,
      command: `%pipeline show ${source}`,
      does: () => place.request({ action: 'show', view: 'data', subject: { block: source, target } })
    },
    'line',
    editing(
      place,
      { do: 'disconnect', block: target, to: source },
      { label: words('Remove'), sign: SIGN.remove, keys: 'Delete' }
    )
  ];
}

/** Of the drawing's ground. */
export function groundEntries(place: IPlace, picture: IPicture | null): Entry[] {
  const entries: Entry[] = [
    running(place, words('Run all'), SIGN.all, { action: 'run' }),
    editing(place, { do: 'add' }, { label: words('Add a block'), sign: SIGN.add }),
    'line',
    {
      label: words('Copy as Mermaid'),
      sign: SIGN.copy,
      refused: refusal(place.source) || undefined,
      does: () => place.request({ action: 'copy', selection: 'mermaid' })
    }
  ];
  if (place.fit && picture?.nodes.length) {
    entries.push({ label: words('Show the whole pipeline'), sign: SIGN.fit, keys: '0', does: place.fit });
  }
  return entries;
}
