/** What is asked of a kernel or a server, and what they answer. The shapes are those of `asked.py`. */

import type * as contract from '../contract';
import { flag, list, maybe, number, oneOf, type Read, type Reader, record, text } from './reading';

const name = text(400);
const count = maybe(number);

export const origin: Reader<contract.Origin> = record({
  block: name,
  run: name,
  status: name,
  at: count,
  seconds: count,
  sampled: flag,
  sample: count,
  stale: flag
});

export const preview: Reader<contract.Preview> = record({
  sort: oneOf('value', 'table', 'opaque'),
  type: name,
  bytes: number,
  rows: count,
  start: number,
  columns: list(record({ name, type: name, numeric: flag, index: flag })),
  columns_left: number,
  cells: list(list(maybe(text(1000)))),
  text: text(30000),
  note: text(),
  command: text()
});

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/svg+xml'] as const;

export const image = record({ mime: oneOf(...IMAGES), data: text(3_000_000) });

export const shown: Reader<contract.Shown> = record({ origin, preview, image: maybe(image), first: number });

export const profile: Reader<contract.Profile> = record({
  type: name,
  bytes: number,
  rows: count,
  counted: number,
  columns: list(
    record({
      name,
      type: name,
      sort: oneOf('opaque', 'number', 'time', 'text', 'truth', 'nested'),
      nulls: count,
      distinct: count,
      minimum: maybe(name),
      maximum: maybe(name),
      mean: maybe(name),
      bars: list(record({ low: name, high: name, count: number }), 100),
      often: list(record({ value: name, count: number }), 50),
      note: text()
    })
  ),
  columns_left: number,
  note: text(),
  command: text()
});

export const profiled: Reader<contract.Profiled> = record({ origin, profile, first: number });

const version: Reader<contract.Version> = record({
  run: name,
  at: count,
  type: name,
  rows: count,
  columns: count,
  bytes: number
});

export const edge: Reader<contract.EdgeFlow> = record({
  source: name,
  target: name,
  order_only: flag,
  now: maybe(version),
  before: maybe(version),
  since: name,
  change: maybe(
    record({
      same: flag,
      alert: oneOf('', 'loss', 'schema'),
      rows: count,
      percent: count,
      was_type: maybe(name),
      columns: list(
        record({
          name,
          type: name,
          was: maybe(name),
          change: oneOf('', 'added', 'removed', 'retyped')
        })
      ),
      columns_left: number
    })
  ),
  taken: maybe(flag),
  note: text()
});

export const plan: Reader<contract.Plan> = record({
  pipeline: name,
  selection: text(),
  command: text(10000),
  steps: list(
    record({
      block: name,
      action: oneOf('run', 'maybe', 'cached', 'blocked'),
      why: list(text(600), 20),
      diff: text(5000),
      seconds: count,
      output: name
    })
  ),
  steps_left: number,
  said: text(),
  seconds: count,
  unknown: number,
  tags: list(name)
});

export const variables: Reader<contract.PipelineVariables> = record({
  pipeline: name,
  variables: list(
    record({
      name,
      type: name,
      control: oneOf('str', 'bool', 'int', 'float', 'date', 'datetime', 'choice', 'json'),
      optional: flag,
      choices: list(text(20000)),
      value: maybe(text(20000)),
      default: maybe(text(20000)),
      source: oneOf('', 'pipeline', 'default'),
      blocks: list(name)
    })
  )
});

export const fitted: Reader<contract.Fitted> = record({ value: text(20000), command: text(30000) });

export type IOrigin = Read<typeof origin>;
export type IPreview = Read<typeof preview>;
export type IImage = Read<typeof image>;
export type IShown = Read<typeof shown>;
export type IProfile = Read<typeof profile>;
export type IColumn = IProfile['columns'][number];
export type IEdgeAnswer = Read<typeof edge>;
export type IVersion = Read<typeof version>;
export type IPlan = Read<typeof plan>;
export type IStep = IPlan['steps'][number];
export type IVariables = Read<typeof variables>;
export type IVariable = IVariables['variables'][number];
