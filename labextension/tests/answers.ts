/** Answers as a kernel gives them, one of each sort. */

export const ORIGIN = {
  block: 'raw',
  run: '20260101-120000-ab12cd',
  status: 'succeeded',
  at: 1767268800,
  seconds: 0.31,
  sampled: true,
  sample: 1000,
  stale: true
};

export const PREVIEW = {
  sort: 'table',
  type: 'pandas.DataFrame',
  bytes: 48_100,
  rows: 12_480,
  start: 0,
  columns: [
    { name: 'key', type: 'string', numeric: false, index: true },
    { name: 'n', type: 'int64', numeric: true, index: false },
    { name: 'who', type: 'str', numeric: false, index: false }
  ],
  columns_left: 3,
  cells: [
    ['a', '1', 'ann'],
    ['b', null, ''],
    ['c', '3', 'a text that is longer than what fits into one cell']
  ],
  text: '',
  note: 'kept as pickles and not shown here: deep',
  command: '%pipeline show raw'
};

export const SHOWN = { origin: ORIGIN, preview: PREVIEW, image: null, first: 0 };

export const VALUE = {
  ...PREVIEW,
  sort: 'value',
  type: 'dict',
  rows: 2,
  columns: [],
  cells: [],
  columns_left: 0,
  note: ''
};

const bars = [
  { low: '0', high: '5', count: 3 },
  { low: '5', high: '10', count: 0 },
  { low: '10', high: '15', count: 9 }
];
const measured = {
  nulls: 4,
  distinct: 12,
  minimum: '0',
  maximum: '15',
  mean: '7.5',
  bars,
  often: [],
  note: ''
};
const counted = { nulls: 0, distinct: 2, minimum: null, maximum: null, mean: null, bars: [] };

export const PROFILE = {
  type: 'pandas.DataFrame',
  bytes: 48_100,
  rows: 1000,
  counted: 500,
  columns: [
    { name: 'n', type: 'int64', sort: 'number', ...measured },
    {
      name: 'who',
      type: 'str',
      sort: 'text',
      ...counted,
      often: [
        { value: 'ann', count: 300 },
        { value: '', count: 200 }
      ],
      note: 'names are names'
    }
  ],
  columns_left: 1,
  note: '',
  command: '%pipeline show raw'
};

export const PROFILED = { origin: ORIGIN, profile: PROFILE, first: 0 };

export const EDGE = {
  source: 'raw',
  target: 'clean',
  order_only: false,
  now: { run: 'r2', at: 1767268800, type: 'pandas.DataFrame', rows: 12_480, columns: 3, bytes: 1_200_000 },
  before: { run: 'r1', at: 1767182400, type: 'pandas.DataFrame', rows: 15_602, columns: 3, bytes: 1_500_000 },
  since: '',
  change: {
    same: false,
    alert: 'schema',
    rows: -3122,
    percent: -20,
    was_type: null,
    columns: [
      { name: 'id', type: 'int64', was: null, change: '' },
      { name: 'day', type: 'datetime64[us]', was: 'str', change: 'retyped' },
      { name: 'user', type: 'str', was: null, change: 'added' },
      { name: 'usr', type: '', was: 'object', change: 'removed' }
    ],
    columns_left: 0
  },
  taken: false,
  note: 'a note'
};

export const PLAN = {
  pipeline: 'flights',
  selection: '',
  command: '%pipeline run',
  steps: [
    { block: 'raw', action: 'cached', why: [], diff: '', seconds: 2, output: '12 480 × 3' },
    {
      block: 'clean',
      action: 'run',
      why: ['code: 2 lines', 'parameter day 1 → 2'],
      diff: '@@ -4,2 +4,2 @@\n same\n-old\n+new',
      seconds: 12.3,
      output: ''
    },
    {
      block: 'load',
      action: 'blocked',
      why: ['reads tmp, which a clean run does not have'],
      diff: '',
      seconds: null,
      output: ''
    },
    { block: 'tail', action: 'maybe', why: ['upstream clean runs'], diff: '', seconds: null, output: '' }
  ],
  steps_left: 2,
  said: '1 to run, 1 perhaps, 1 cached, 1 blocked   ≈ 12.3 s',
  seconds: 12.3,
  unknown: 1,
  tags: ['daily']
};

const variable = (name: string, control: string, more: object = {}) => ({
  name,
  type: control,
  control,
  optional: false,
  choices: [],
  value: '',
  default: null,
  source: 'default',
  blocks: ['clean'],
  ...more
});

export const VARIABLES = {
  pipeline: 'flights',
  variables: [
    variable('least', 'int', { value: '15', default: '15', blocks: ['clean', 'raw'] }),
    variable('ratio', 'float', { value: '0.5', default: '0.1', source: 'pipeline' }),
    variable('sure', 'bool', { value: 'False', default: 'False' }),
    variable('day', 'date', { value: null, source: '' }),
    variable('since', 'date', { value: 'None', optional: true }),
    variable('at', 'datetime', { value: '2024-01-31T12:00:00' }),
    variable('way', 'choice', { value: 'slow', choices: ['fast', 'slow'], optional: true }),
    variable('names', 'json', { value: "['a']" }),
    variable('who', 'str', { value: 'ann', blocks: [], type: '' })
  ]
};
