/**
 * The shapes of the JSON that kernel and server give. Made from jupyter_mage/contract.py and asked.py by `make contract`: edit that.
 */

/** A block's card: what it is, and where it stands. That of a closed group says its ``members``, and less of itself. */
export interface PictureNode {
  id: string;
  label: string;
  /** The label, cut so that it fits its card. */
  title: string;
  kind: string;
  kind_label: string;
  colour: string;
  language: string;
  chip: string;
  x: number;
  y: number;
  width: number;
  height: number;
  doc?: string;
  tags?: string[];
  upstreams?: string[];
  after?: string[];
  tests?: number;
  /** The upstream of whose items each gets a run of its own, or empty. */
  mapped?: string;
  /** Execution count of the cell that defined it. */
  cell?: number | null;
  cell_id?: string | null;
  /** Of a card that stands for a closed group: the blocks in it. */
  members?: string[];
}

/** An arrow, with its way from card to card. */
export interface PictureEdge {
  source: string;
  target: string;
  path: string;
  tip: number[];
  sideways: boolean;
  order_only: boolean;
}

/** What a block's output is, for the edges that carry it. What there is nothing of is left out. */
export interface OutputFlow {
  /** ``12 480 × 19``, or its type. */
  shape?: string;
  /** Bytes, in words. */
  size?: string;
  /** Against the last good run: ``−20 %, +day``. */
  change?: string;
  /** ``loss`` of a fifth of the rows or more, ``schema`` where columns are others, or empty. */
  alert?: '' | 'loss' | 'schema';
  /** What the last good run gave, where that differs: ``15 602 × 19``. */
  before?: string;
}

/** What the run says of a block. What there is nothing of is left out. */
export interface BlockState {
  status: string;
  /** The line at the foot of its card. */
  detail: string;
  error?: string;
  line?: number;
  test?: string;
  reason?: string;
  rows?: number;
  columns?: number;
  type?: string;
  seconds?: number;
  attempt?: number;
  /** Of a mapped block: how many runs it has, one an item of its upstream. */
  items?: number;
  items_done?: number;
  items_failed?: number;
  /** Bytes that its process had at most, in words. */
  memory?: string;
  /** Whether it was made of a sample, not of all the data. */
  sampled?: boolean;
  /** How many of its tests passed. */
  passed?: number;
  flow?: OutputFlow;
}

/** How far the run is. */
export interface RunState {
  id: string;
  status: string;
  done: number;
  total: number;
  seconds: number | null;
  sample?: number;
}

/** Blocks that are drawn as one card while their group is closed. */
export interface PictureGroup {
  name: string;
  members: string[];
}

/** Cards and arrows where they stand: here with every group closed. */
export interface Drawing {
  size: number[];
  nodes: PictureNode[];
  edges: PictureEdge[];
}

/** A pipeline as it is drawn, coordinates included. */
export interface Picture {
  version: number;
  pipeline: string;
  size: number[];
  nodes: PictureNode[];
  edges: PictureEdge[];
  /** Two pictures with one key have the same blocks, edges and places. */
  key: string;
  groups?: PictureGroup[];
  closed?: Drawing;
  states: Record<string, BlockState>;
  /** Seconds that what runs has run by now. */
  elapsed?: Record<string, number>;
  run: RunState | null;
}

/** What of a picture is not as it was: the graph is. */
export interface PictureChanges {
  changes: number;
  states?: Record<string, BlockState>;
  elapsed?: Record<string, number>;
  run?: RunState | null;
}

/** A run in one line. */
export interface RunLine {
  id: string;
  pipeline: string;
  status: string;
  /** UTC, seconds since 1970. */
  started: number;
  seconds: number | null;
  selection: string;
  executor: string;
  /** What started it: ``notebook``, ``cli``, ``python`` … */
  face: string;
  user: string;
  host: string;
  /** The commit that was checked out, or empty. */
  git: string;
  blocks: number;
  succeeded: number;
  cached: number;
  failed: number;
}

/** Some runs of a project, newest first. */
export interface RunsPage {
  runs: RunLine[];
  more: boolean;
  /** Every pipeline that ever ran here. */
  pipelines: string[];
  /** Another one when anything was written since. */
  stamp: string;
}

/** One try of a block, with its real times. */
export interface Attempt {
  number: number;
  status: string;
  started: number;
  /** Null while it goes on. */
  ended: number | null;
  /** How long the block itself ran, where that is known: before that it waited for a process to run in. */
  seconds: number | null;
  error: string;
}

/** A block in a run: a row of its table, a bar of its timeline. */
export interface BlockLine {
  name: string;
  label: string;
  kind: string;
  colour: string;
  status: string;
  started: number | null;
  ended: number | null;
  seconds: number | null;
  rows: number | null;
  columns: number | null;
  bytes: number | null;
  type: string;
  /** ``12 480 × 19``, or its type. */
  shape: string;
  attempts: Attempt[];
  error: string;
  line: number | null;
  reason: string;
  /** Bytes that its process had at most, or 0. */
  memory: number;
  tests: number;
  /** Of a mapped block, how many runs it had. */
  items: number | null;
  /** The mapped block that it is an item of, or empty. */
  item_of: string;
  sampled: boolean;
}

/** What to type, for what a button does; empty where it makes no sense. */
export interface Commands {
  run: string;
  resume: string;
  rerun: string;
  cancel: string;
  show: string;
  logs: string;
  plan: string;
  vars: string;
}

/** A run and its blocks, or only those of them of which something was said since. */
export interface RunDetail {
  run: RunLine;
  /** Whether ``blocks`` are all; else they replace those of the same name. */
  whole: boolean;
  blocks: BlockLine[];
  /** Items of mapped blocks that are not among ``blocks``. */
  items_left: number;
  variables: Record<string, string>;
  /** The server's clock, for bars that still grow. */
  now: number;
  sequence: number;
  stamp: string;
  commands: Commands;
}

/** A run's picture, or what of it is not as it was at the sequence number that was asked with. */
export interface RunPicture {
  picture: Picture | PictureChanges;
  sequence: number;
  stamp: string;
}

/** One line that was printed, or said of a block. */
export interface LogLine {
  /** Its own, so that it is shown once. */
  id: string;
  at: number;
  block: string;
  /** ``note``: said of the block, not by it. */
  level: 'printed' | 'warning' | 'error' | 'note';
  /** Where the block printed it; empty where it did not. */
  stream: '' | 'stdout' | 'stderr';
  text: string;
}

/** What a block that runs just now has printed so far: replaced by the next answer. */
export interface LiveLog {
  block: string;
  lines: LogLine[];
}

/** Lines of a run's log, oldest first. */
export interface LogPage {
  lines: LogLine[];
  /** To ask for what follows. */
  cursor: number;
  /** Whether there is more now. */
  more: boolean;
  live: LiveLog[];
  blocks: string[];
  status: string;
  stamp: string;
}

/** A block as it was in one of two runs. */
export interface DiffSide {
  status: string;
  shape: string;
  seconds: number | null;
}

/** A block in two runs. Null: it was no part of that run. */
export interface DiffLine {
  name: string;
  before: DiffSide | null;
  after: DiffSide | null;
  /** Whether both gave the same output. */
  same: boolean;
  differs: string[];
  /** What its result was made of otherwise: code, parameters, inputs, packages. */
  reasons: string[];
}

/** Two runs, block by block. */
export interface RunDiff {
  before: RunLine;
  after: RunLine;
  blocks: DiffLine[];
  variables: string[];
  command: string;
}

/** A pipeline on disk, or one that ran here and has no file any more. */
export interface PipelineLine {
  name: string;
  /** The notebook or project folder that it stands in, from the server's root; empty where there is none. */
  file: string;
  notebook: boolean;
  type: string;
  blocks: number;
  triggers: string[];
  /** Why it does not read, or empty. */
  problem: string;
  last: RunLine | null;
  commands: Commands;
}

/** A folder with pipelines. */
export interface ProjectLine {
  /** From the server's root; empty for the root itself. */
  path: string;
  name: string;
  /** Whether it is a Mage project, and not only notebooks. */
  mage: boolean;
  pipelines: PipelineLine[];
  problem: string;
}

/** What was found below the server's root. */
export interface Projects {
  projects: ProjectLine[];
  /** The root folder's own name. */
  root: string;
  /** Whether folders were left out, because there are too many. */
  cut: boolean;
}

/** A process that was asked for. */
export interface Started {
  /** The run's id, or empty where it is not known yet. */
  run: string;
  command: string;
  pid: number;
}

/** Why something could not be done. */
export interface Refusal {
  message: string;
  hint: string;
}

/** One column of a preview. */
export interface PreviewColumn {
  name: string;
  /** The dtype, as its library spells it. */
  type: string;
  /** Whether its cells stand to the right. */
  numeric: boolean;
  /** Whether it labels the rows and is no column of its own. */
  index: boolean;
}

/** The first rows of an output (or others), as text; or what is known of a value that is no table. */
export interface Preview {
  /** ``opaque``: it was pickled, and to look into it would be to load it, which only a kernel does. */
  sort: 'value' | 'table' | 'opaque';
  type: string;
  bytes: number;
  /** How many the whole value has. */
  rows: number | null;
  /** The number of the first row that is shown; 0 is the first. */
  start: number;
  columns: PreviewColumn[];
  /** How many more columns there are than are shown. */
  columns_left: number;
  /** Row by row; null is a missing value. */
  cells: (string | null)[][];
  /** The value as text, where it is no table. */
  text: string;
  /** What cannot be shown and why, or empty. */
  note: string;
  /** What to type to see more, or empty. */
  command: string;
}

/** One bar of a small histogram: values from ``low`` up to ``high``. */
export interface Bar {
  low: string;
  high: string;
  count: number;
}

/** One of the most frequent values. */
export interface Often {
  value: string;
  count: number;
}

/** One column in a glance. */
export interface ColumnProfile {
  name: string;
  type: string;
  /** ``opaque``: its values were pickled and are not loaded here. */
  sort: 'opaque' | 'number' | 'time' | 'text' | 'truth' | 'nested';
  /** Missing values, NaN and NaT among them; null where it is opaque. */
  nulls: number | null;
  /** How many different values; null where they were not counted. */
  distinct: number | null;
  minimum: string | null;
  maximum: string | null;
  mean: string | null;
  /** Of numbers and times, from the smallest to the largest. */
  bars: Bar[];
  /** Of everything else: the most frequent values first. */
  often: Often[];
  note: string;
}

/** Each column of a table in a glance. No columns: it is no table, and ``note`` says what it is. */
export interface Profile {
  type: string;
  bytes: number;
  rows: number | null;
  /** Rows that ``distinct``, ``bars`` and ``often`` are of: all, or evenly spread ones of a very long table. */
  counted: number;
  columns: ColumnProfile[];
  columns_left: number;
  note: string;
  command: string;
}

/** Where an output is from. */
export interface Origin {
  block: string;
  /** Empty where it is not known any more. */
  run: string;
  /** ``succeeded`` where that run made it; ``kept``: made so, and taken since; ``cached`` where it took another one. */
  status: string;
  /** When it was made: seconds since 1970. */
  at: number | null;
  /** How long that took. */
  seconds: number | null;
  /** Made of a sample, not of all the data. */
  sampled: boolean;
  /** Rows or items that loaders were cut to, where it is known. */
  sample: number | null;
  /** Whether something that it depends on has changed since. */
  stale: boolean;
}

/** A picture, as it stands in an output. */
export interface Image {
  mime: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/svg+xml';
  /** In base64. */
  data: string;
}

/** What the data view shows of a block. */
export interface Shown {
  origin: Origin;
  preview: Preview;
  image: Image | null;
  /** The number of the first column that is shown. */
  first: number;
}

/** Some columns of a block's output in a glance: so few that the kernel is soon free for the next question. */
export interface Profiled {
  origin: Origin;
  profile: Profile;
  first: number;
}

/** A column of what flowed, against the last good run. */
export interface ColumnChange {
  name: string;
  type: string;
  /** The type that it had, where it is another one now or the column is gone. */
  was: string | null;
  change: '' | 'added' | 'removed' | 'retyped';
}

/** How an output differs from its last good version. */
export interface FlowChange {
  /** Whether it is equal, value for value. */
  same: boolean;
  /** ``loss``: a fifth of the rows or more is missing. ``schema``: other columns, or other types. */
  alert: '' | 'loss' | 'schema';
  /** How many more there are; less than 0 for a loss. */
  rows: number | null;
  percent: number | null;
  was_type: string | null;
  columns: ColumnChange[];
  columns_left: number;
}

/** One version of an output, without its values. */
export interface Version {
  run: string;
  at: number | null;
  type: string;
  rows: number | null;
  columns: number | null;
  bytes: number;
}

/** What flowed from one block to another. */
export interface EdgeFlow {
  source: string;
  target: string;
  /** Whether the target only waits for the source and takes nothing of it. */
  order_only: boolean;
  now: Version | null;
  /** The one before it: of the last good run that gave another result, where there was one. */
  before: Version | null;
  /** The run before this one, where that gave the same; else empty. */
  since: string;
  change: FlowChange | null;
  /** Whether the target's last result was made of this version; null where it has none. */
  taken: boolean | null;
  note: string;
}

/** One block of a plan. */
export interface PlanStep {
  block: string;
  action: 'run' | 'maybe' | 'cached' | 'blocked';
  why: string[];
  /** The lines of its source that changed since its last good result, as a unified diff. */
  diff: string;
  /** How long it took last time. */
  seconds: number | null;
  /** What is kept of it, in a few characters. */
  output: string;
}

/** What a run would do. */
export interface Plan {
  pipeline: string;
  selection: string;
  command: string;
  steps: PlanStep[];
  steps_left: number;
  /** All of it in a line. */
  said: string;
  /** How long what runs took last time, all together; null where nothing is known of it. */
  seconds: number | null;
  /** How many of those that run have never run before. */
  unknown: number;
  /** What ``tag:`` may stand before. */
  tags: string[];
}

/** One name that a run may set. */
export interface PipelineVariable {
  name: string;
  /** As the header says it; empty where any value goes. */
  type: string;
  control: 'str' | 'bool' | 'int' | 'float' | 'date' | 'datetime' | 'choice' | 'json';
  optional: boolean;
  choices: string[];
  /** As one types it; null where a run has to give it. */
  value: string | null;
  default: string | null;
  source: '' | 'pipeline' | 'default';
  /** What the last run was given; null where that was nothing. */
  last: string | null;
  blocks: string[];
}

/** Every variable of a pipeline. */
export interface PipelineVariables {
  pipeline: string;
  variables: PipelineVariable[];
  /** The last run, or empty where it never ran. */
  last_run: string;
  last_at: number | null;
}

/** A value that fits, and how one types it. */
export interface Fitted {
  value: string;
  command: string;
}

/** Every shape by its name. */
export interface Contract {
  PictureNode: PictureNode;
  PictureEdge: PictureEdge;
  OutputFlow: OutputFlow;
  BlockState: BlockState;
  RunState: RunState;
  PictureGroup: PictureGroup;
  Drawing: Drawing;
  Picture: Picture;
  PictureChanges: PictureChanges;
  RunLine: RunLine;
  RunsPage: RunsPage;
  Attempt: Attempt;
  BlockLine: BlockLine;
  Commands: Commands;
  RunDetail: RunDetail;
  RunPicture: RunPicture;
  LogLine: LogLine;
  LiveLog: LiveLog;
  LogPage: LogPage;
  DiffSide: DiffSide;
  DiffLine: DiffLine;
  RunDiff: RunDiff;
  PipelineLine: PipelineLine;
  ProjectLine: ProjectLine;
  Projects: Projects;
  Started: Started;
  Refusal: Refusal;
  PreviewColumn: PreviewColumn;
  Preview: Preview;
  Bar: Bar;
  Often: Often;
  ColumnProfile: ColumnProfile;
  Profile: Profile;
  Origin: Origin;
  Image: Image;
  Shown: Shown;
  Profiled: Profiled;
  ColumnChange: ColumnChange;
  FlowChange: FlowChange;
  Version: Version;
  EdgeFlow: EdgeFlow;
  PlanStep: PlanStep;
  Plan: Plan;
  PipelineVariable: PipelineVariable;
  PipelineVariables: PipelineVariables;
  Fitted: Fitted;
}

/** What a field is: a plain sort, or one word and what it is made of. */
export type Shape =
  | 'text'
  | 'number'
  | 'truth'
  | 'any'
  | readonly ['null' | 'list' | 'map' | 'maybe', Shape]
  | readonly ['one', ...string[]]
  | readonly ['of', keyof Contract];

export const SHAPES: Record<keyof Contract, Record<string, Shape>> = {
  PictureNode: {
    id: 'text',
    label: 'text',
    title: 'text',
    kind: 'text',
    kind_label: 'text',
    colour: 'text',
    language: 'text',
    chip: 'text',
    x: 'number',
    y: 'number',
    width: 'number',
    height: 'number',
    doc: ['maybe', 'text'],
    tags: ['maybe', ['list', 'text']],
    upstreams: ['maybe', ['list', 'text']],
    after: ['maybe', ['list', 'text']],
    tests: ['maybe', 'number'],
    mapped: ['maybe', 'text'],
    cell: ['maybe', ['null', 'number']],
    cell_id: ['maybe', ['null', 'text']],
    members: ['maybe', ['list', 'text']]
  },
  PictureEdge: {
    source: 'text',
    target: 'text',
    path: 'text',
    tip: ['list', 'number'],
    sideways: 'truth',
    order_only: 'truth'
  },
  OutputFlow: {
    shape: ['maybe', 'text'],
    size: ['maybe', 'text'],
    change: ['maybe', 'text'],
    alert: ['maybe', ['one', '', 'loss', 'schema']],
    before: ['maybe', 'text']
  },
  BlockState: {
    status: 'text',
    detail: 'text',
    error: ['maybe', 'text'],
    line: ['maybe', 'number'],
    test: ['maybe', 'text'],
    reason: ['maybe', 'text'],
    rows: ['maybe', 'number'],
    columns: ['maybe', 'number'],
    type: ['maybe', 'text'],
    seconds: ['maybe', 'number'],
    attempt: ['maybe', 'number'],
    items: ['maybe', 'number'],
    items_done: ['maybe', 'number'],
    items_failed: ['maybe', 'number'],
    memory: ['maybe', 'text'],
    sampled: ['maybe', 'truth'],
    passed: ['maybe', 'number'],
    flow: ['maybe', ['of', 'OutputFlow']]
  },
  RunState: {
    id: 'text',
    status: 'text',
    done: 'number',
    total: 'number',
    seconds: ['null', 'number'],
    sample: ['maybe', 'number']
  },
  PictureGroup: {
    name: 'text',
    members: ['list', 'text']
  },
  Drawing: {
    size: ['list', 'number'],
    nodes: ['list', ['of', 'PictureNode']],
    edges: ['list', ['of', 'PictureEdge']]
  },
  Picture: {
    version: 'number',
    pipeline: 'text',
    size: ['list', 'number'],
    nodes: ['list', ['of', 'PictureNode']],
    edges: ['list', ['of', 'PictureEdge']],
    key: 'text',
    groups: ['maybe', ['list', ['of', 'PictureGroup']]],
    closed: ['maybe', ['of', 'Drawing']],
    states: ['map', ['of', 'BlockState']],
    elapsed: ['maybe', ['map', 'number']],
    run: ['null', ['of', 'RunState']]
  },
  PictureChanges: {
    changes: 'number',
    states: ['maybe', ['map', ['of', 'BlockState']]],
    elapsed: ['maybe', ['map', 'number']],
    run: ['maybe', ['null', ['of', 'RunState']]]
  },
  RunLine: {
    id: 'text',
    pipeline: 'text',
    status: 'text',
    started: 'number',
    seconds: ['null', 'number'],
    selection: 'text',
    executor: 'text',
    face: 'text',
    user: 'text',
    host: 'text',
    git: 'text',
    blocks: 'number',
    succeeded: 'number',
    cached: 'number',
    failed: 'number'
  },
  RunsPage: {
    runs: ['list', ['of', 'RunLine']],
    more: 'truth',
    pipelines: ['list', 'text'],
    stamp: 'text'
  },
  Attempt: {
    number: 'number',
    status: 'text',
    started: 'number',
    ended: ['null', 'number'],
    seconds: ['null', 'number'],
    error: 'text'
  },
  BlockLine: {
    name: 'text',
    label: 'text',
    kind: 'text',
    colour: 'text',
    status: 'text',
    started: ['null', 'number'],
    ended: ['null', 'number'],
    seconds: ['null', 'number'],
    rows: ['null', 'number'],
    columns: ['null', 'number'],
    bytes: ['null', 'number'],
    type: 'text',
    shape: 'text',
    attempts: ['list', ['of', 'Attempt']],
    error: 'text',
    line: ['null', 'number'],
    reason: 'text',
    memory: 'number',
    tests: 'number',
    items: ['null', 'number'],
    item_of: 'text',
    sampled: 'truth'
  },
  Commands: {
    run: 'text',
    resume: 'text',
    rerun: 'text',
    cancel: 'text',
    show: 'text',
    logs: 'text',
    plan: 'text',
    vars: 'text'
  },
  RunDetail: {
    run: ['of', 'RunLine'],
    whole: 'truth',
    blocks: ['list', ['of', 'BlockLine']],
    items_left: 'number',
    variables: ['map', 'text'],
    now: 'number',
    sequence: 'number',
    stamp: 'text',
    commands: ['of', 'Commands']
  },
  RunPicture: {
    picture: 'any',
    sequence: 'number',
    stamp: 'text'
  },
  LogLine: {
    id: 'text',
    at: 'number',
    block: 'text',
    level: ['one', 'printed', 'warning', 'error', 'note'],
    stream: ['one', '', 'stdout', 'stderr'],
    text: 'text'
  },
  LiveLog: {
    block: 'text',
    lines: ['list', ['of', 'LogLine']]
  },
  LogPage: {
    lines: ['list', ['of', 'LogLine']],
    cursor: 'number',
    more: 'truth',
    live: ['list', ['of', 'LiveLog']],
    blocks: ['list', 'text'],
    status: 'text',
    stamp: 'text'
  },
  DiffSide: {
    status: 'text',
    shape: 'text',
    seconds: ['null', 'number']
  },
  DiffLine: {
    name: 'text',
    before: ['null', ['of', 'DiffSide']],
    after: ['null', ['of', 'DiffSide']],
    same: 'truth',
    differs: ['list', 'text'],
    reasons: ['list', 'text']
  },
  RunDiff: {
    before: ['of', 'RunLine'],
    after: ['of', 'RunLine'],
    blocks: ['list', ['of', 'DiffLine']],
    variables: ['list', 'text'],
    command: 'text'
  },
  PipelineLine: {
    name: 'text',
    file: 'text',
    notebook: 'truth',
    type: 'text',
    blocks: 'number',
    triggers: ['list', 'text'],
    problem: 'text',
    last: ['null', ['of', 'RunLine']],
    commands: ['of', 'Commands']
  },
  ProjectLine: {
    path: 'text',
    name: 'text',
    mage: 'truth',
    pipelines: ['list', ['of', 'PipelineLine']],
    problem: 'text'
  },
  Projects: {
    projects: ['list', ['of', 'ProjectLine']],
    root: 'text',
    cut: 'truth'
  },
  Started: {
    run: 'text',
    command: 'text',
    pid: 'number'
  },
  Refusal: {
    message: 'text',
    hint: 'text'
  },
  PreviewColumn: {
    name: 'text',
    type: 'text',
    numeric: 'truth',
    index: 'truth'
  },
  Preview: {
    sort: ['one', 'value', 'table', 'opaque'],
    type: 'text',
    bytes: 'number',
    rows: ['null', 'number'],
    start: 'number',
    columns: ['list', ['of', 'PreviewColumn']],
    columns_left: 'number',
    cells: ['list', ['list', ['null', 'text']]],
    text: 'text',
    note: 'text',
    command: 'text'
  },
  Bar: {
    low: 'text',
    high: 'text',
    count: 'number'
  },
  Often: {
    value: 'text',
    count: 'number'
  },
  ColumnProfile: {
    name: 'text',
    type: 'text',
    sort: ['one', 'opaque', 'number', 'time', 'text', 'truth', 'nested'],
    nulls: ['null', 'number'],
    distinct: ['null', 'number'],
    minimum: ['null', 'text'],
    maximum: ['null', 'text'],
    mean: ['null', 'text'],
    bars: ['list', ['of', 'Bar']],
    often: ['list', ['of', 'Often']],
    note: 'text'
  },
  Profile: {
    type: 'text',
    bytes: 'number',
    rows: ['null', 'number'],
    counted: 'number',
    columns: ['list', ['of', 'ColumnProfile']],
    columns_left: 'number',
    note: 'text',
    command: 'text'
  },
  Origin: {
    block: 'text',
    run: 'text',
    status: 'text',
    at: ['null', 'number'],
    seconds: ['null', 'number'],
    sampled: 'truth',
    sample: ['null', 'number'],
    stale: 'truth'
  },
  Image: {
    mime: ['one', 'image/png', 'image/jpeg', 'image/gif', 'image/svg+xml'],
    data: 'text'
  },
  Shown: {
    origin: ['of', 'Origin'],
    preview: ['of', 'Preview'],
    image: ['null', ['of', 'Image']],
    first: 'number'
  },
  Profiled: {
    origin: ['of', 'Origin'],
    profile: ['of', 'Profile'],
    first: 'number'
  },
  ColumnChange: {
    name: 'text',
    type: 'text',
    was: ['null', 'text'],
    change: ['one', '', 'added', 'removed', 'retyped']
  },
  FlowChange: {
    same: 'truth',
    alert: ['one', '', 'loss', 'schema'],
    rows: ['null', 'number'],
    percent: ['null', 'number'],
    was_type: ['null', 'text'],
    columns: ['list', ['of', 'ColumnChange']],
    columns_left: 'number'
  },
  Version: {
    run: 'text',
    at: ['null', 'number'],
    type: 'text',
    rows: ['null', 'number'],
    columns: ['null', 'number'],
    bytes: 'number'
  },
  EdgeFlow: {
    source: 'text',
    target: 'text',
    order_only: 'truth',
    now: ['null', ['of', 'Version']],
    before: ['null', ['of', 'Version']],
    since: 'text',
    change: ['null', ['of', 'FlowChange']],
    taken: ['null', 'truth'],
    note: 'text'
  },
  PlanStep: {
    block: 'text',
    action: ['one', 'run', 'maybe', 'cached', 'blocked'],
    why: ['list', 'text'],
    diff: 'text',
    seconds: ['null', 'number'],
    output: 'text'
  },
  Plan: {
    pipeline: 'text',
    selection: 'text',
    command: 'text',
    steps: ['list', ['of', 'PlanStep']],
    steps_left: 'number',
    said: 'text',
    seconds: ['null', 'number'],
    unknown: 'number',
    tags: ['list', 'text']
  },
  PipelineVariable: {
    name: 'text',
    type: 'text',
    control: ['one', 'str', 'bool', 'int', 'float', 'date', 'datetime', 'choice', 'json'],
    optional: 'truth',
    choices: ['list', 'text'],
    value: ['null', 'text'],
    default: ['null', 'text'],
    source: ['one', '', 'pipeline', 'default'],
    last: ['null', 'text'],
    blocks: ['list', 'text']
  },
  PipelineVariables: {
    pipeline: 'text',
    variables: ['list', ['of', 'PipelineVariable']],
    last_run: 'text',
    last_at: ['null', 'number']
  },
  Fitted: {
    value: 'text',
    command: 'text'
  }
};
