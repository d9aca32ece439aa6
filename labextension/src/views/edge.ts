/** What flowed along an edge, against the last good run. */

import { duration, html } from '../dag/dom';
import { words } from '../dag/words';
import type { EdgeFlow, FlowChange, Origin, Version } from '../contract';
import { ago } from './parts';
import { bytes, grouped, shape } from './saying';

export function edgeOf(edge: EdgeFlow): HTMLElement {
  const made = html('section', { class: 'jm-edgeinfo', 'aria-label': words('What flowed') });
  if (edge.now) {
    made.append(
      html('p', { class: 'jm-flowed' }, html('strong', {}, shape(edge.now)), ` · ${bytes(edge.now.bytes)}`)
    );
  }
  if (edge.now && edge.change) {
    made.append(...changes(edge, edge.change));
  }
  if (edge.taken === false) {
    const said = words('{target} has not taken this version yet: its last result was made of another one.', {
      target: edge.target
    });
    made.append(html('p', { class: 'jm-alert', 'data-alert': 'loss' }, said));
  }
  if (edge.note) {
    made.append(html('p', { class: 'jm-soft' }, edge.note));
  }
  return made;
}

function changes(edge: EdgeFlow, change: FlowChange): HTMLElement[] {
  const { now, before } = edge;
  if (!now || !before) {
    const said = edge.since
      ? words('The same in every good run so far.')
      : words('The first good result: there is nothing to compare it with.');
    return [html('p', { class: 'jm-soft' }, said)];
  }
  const since = edge.since
    ? html('p', { class: 'jm-soft' }, words('The run before gave the same. The last change:'))
    : '';
  const line = html('p', { class: 'jm-alert', 'data-alert': change.alert }, ...rows(change, before, now));
  const against = html(
    'p',
    { class: 'jm-soft' },
    words('against {shape} in run {run}', { shape: shape(before), run: before.run })
  );
  if (before.at !== null) {
    against.append(`, ${ago(before.at)}`);
  }
  const found = [line, against, ...schema(change)];
  return since ? [since, ...found] : found;
}

/** `−3 122 rows (−20 %)`, and the same of columns. */
function rows(change: FlowChange, before: Version, now: Version): (HTMLElement | string)[] {
  const parts: string[] = [];
  const signed = (count: number) => (count < 0 ? '−' : '+') + grouped(Math.abs(count));
  if (change.was_type !== null) {
    parts.push(words('was {type}', { type: change.was_type }));
  }
  if (change.rows) {
    const share =
      change.percent === null ? '' : ` (${change.percent < 0 ? '−' : '+'}${Math.abs(change.percent)}\u00a0%)`;
    const one = Math.abs(change.rows) === 1;
    const frame = now.columns !== null;
    const many = frame ? (one ? words('row') : words('rows')) : one ? words('item') : words('items');
    parts.push(`${signed(change.rows)} ${many}${share}`);
  }
  const altered = change.columns.filter(each => each.change).length;
  if (altered) {
    parts.push(
      altered === 1 ? words('1 column differs') : words('{count} columns differ', { count: altered })
    );
  }
  if (!parts.length) {
    parts.push(
      now.rows !== null && before.rows === now.rows
        ? words('same shape, other values')
        : words('other values')
    );
  }
  const sign = change.alert === 'schema' ? '✗ ' : change.alert === 'loss' ? '! ' : '';
  return [sign + parts.join(' · ')];
}

/** The columns that came, went, or have another type now. */
function schema(change: FlowChange): HTMLElement[] {
  const altered = change.columns.filter(each => each.change);
  if (!altered.length) {
    return [];
  }
  const list = html('ul', { class: 'jm-schema', 'aria-label': words('Columns that differ') });
  const signs = { added: '+', removed: '−', retyped: '~', '': '' };
  const said = { added: words('new'), removed: words('gone'), retyped: words('another type'), '': '' };
  for (const each of altered) {
    const types =
      each.change === 'retyped'
        ? `${each.was ?? ''} → ${each.type}`
        : each.change === 'removed'
          ? (each.was ?? '')
          : each.type;
    list.append(
      html(
        'li',
        { 'data-change': each.change },
        html('span', { class: 'jm-changesign', title: said[each.change] }, signs[each.change]),
        html('span', { class: 'jm-spoken' }, said[each.change]),
        html('span', { class: 'jm-column' }, each.name),
        html('span', { class: 'jm-type' }, types)
      )
    );
  }
  return [list];
}

/** `made by run …, 3 min ago, in 0.31 s`: where an output is from, and that it is a sample. */
export function originOf(origin: Origin): HTMLElement {
  const parts: string[] = [];
  if (origin.sampled && origin.sample !== null) {
    parts.push(words('of the first {count} rows or items of each loader', { count: grouped(origin.sample) }));
  }
  if (origin.run) {
    const run = { run: origin.run };
    const made =
      origin.status === 'cached'
        ? words('taken from the cache in run {run}', run)
        : origin.status === 'kept'
          ? words('taken from the cache, made by run {run}', run)
          : words('made by run {run}', run);
    parts.push(made);
  }
  if (origin.at !== null) {
    parts.push(ago(origin.at));
  }
  if (origin.seconds) {
    parts.push(words('in {time}', { time: duration(origin.seconds) }));
  }
  const made = html('p', { class: 'jm-origin' });
  if (origin.sampled) {
    const said = words('Made of a sample, not of all the data');
    made.append(
      html('span', { class: 'jm-badge', title: said }, words('SAMPLE')),
      html('span', { class: 'jm-spoken' }, said),
      ' '
    );
  }
  if (origin.stale) {
    const said = words('Something that it depends on has changed since');
    made.append(
      html('span', { class: 'jm-badge', title: said }, words('STALE')),
      html('span', { class: 'jm-spoken' }, said),
      ' '
    );
  }
  made.append(parts.join(', '));
  return made;
}
