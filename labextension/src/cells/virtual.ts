/**
 * What a language server sees of a block's cell: a Python body as Python of the notebook, another body as a document of its own.
 *
 * A language server's client may write a cell back as it was shown to the server (after a rename); `unmasked` makes the cell's own
 * text of that again.
 */

import type { IExtractedCode, IForeignCodeExtractor } from '@jupyterlab/lsp';

import { headOf, type IHead } from '../header';

/** What the notebook around a cell has: its blocks, and the names that cells above it bind. */
export interface ISurroundings {
  blocks: readonly string[];
  bound: ReadonlySet<string>;
}

const NOTHING: ISurroundings = { blocks: [], bound: new Set() };
const MARK = '# noqa: jupyter_mage ';
const RETURN = '_    = '; // as long as `return `, so that columns stay

/** Languages of bodies as language servers call them, each with its files' extension. */
const LANGUAGES: readonly [names: string[], language: string, extension: string][] = [
  [['sql'], 'sql', 'sql'],
  [['r'], 'r', 'R'],
  [['sh', 'bash', 'shell'], 'bash', 'sh']
];

/** The extractors to register for notebooks of Python. */
export function extractors(around: (code: string) => ISurroundings = () => NOTHING): IForeignCodeExtractor[] {
  const foreign = LANGUAGES.map(([names, language, extension]) => new Foreign(names, language, extension));
  return [...foreign, new Host(around)];
}

/** A block's body in another language: a document of its own, since no block sees another's statements. */
class Foreign implements IForeignCodeExtractor {
  readonly cellType = ['code'];
  readonly standalone = true;

  constructor(
    private readonly _names: readonly string[],
    readonly language: string,
    readonly fileExtension: string
  ) {}

  hasForeignCode(code: string): boolean {
    const head = lineHead(code);
    return head !== null && this._names.includes(head.language);
  }

  extractForeignCode(code: string): IExtractedCode[] {
    const head = lineHead(code);
    if (!head || !this.hasForeignCode(code)) {
      return [{ foreignCode: null, range: null, virtualShift: null, hostCode: code }];
    }
    const below = code.indexOf('\n', head.to);
    const lines = code.split('\n');
    const first = code.slice(0, head.to).split('\n').length;
    const body = below < 0 ? '' : code.slice(below + 1);
    const start = {
      line: Math.min(first, lines.length - 1),
      column: below < 0 ? (lines[first - 1] ?? '').length : 0
    };
    const end = { line: lines.length - 1, column: (lines[lines.length - 1] ?? '').length };
    return [{ foreignCode: body, range: { start, end }, virtualShift: null, hostCode: '' }];
  }
}

/** A block's body that is Python: the cell as it is, its header's line made to bind what the header gives the body. */
class Host implements IForeignCodeExtractor {
  readonly cellType = ['code'];
  readonly language = 'python';
  readonly fileExtension = 'py';
  readonly standalone = false;

  constructor(private readonly _around: (code: string) => ISurroundings) {}

  hasForeignCode(code: string): boolean {
    return lineHead(code) !== null;
  }

  extractForeignCode(code: string): IExtractedCode[] {
    const head = lineHead(code);
    const kept = !head ? code : head.language === 'python' ? masked(code, head, this._around(code)) : '';
    return [{ foreignCode: null, range: null, virtualShift: null, hostCode: kept }];
  }
}

/** A header on a line of its own; `@block` above a function is Python already. */
function lineHead(code: string): IHead | null {
  const head = headOf(code);
  return head?.carrier === 'magic' || head?.carrier === 'comment' ? head : null;
}

/** The cell with as many lines, its header as Python that binds parameters and upstreams. */
function masked(code: string, head: IHead, around: ISurroundings): string {
  const body = code.slice(head.to);
  const read = (name: string) => new RegExp(`\\b${name}\\b`).test(body);
  const inferred =
    head.sort === 'test' ? [head.name].filter(Boolean) : around.blocks.filter(name => name !== head.name);
  const upstreams = (head.upstreams ?? inferred).filter(name => read(name) && !around.bound.has(name));
  const bindings = [
    ...head.written.map((text, at) =>
      text.includes('=') ? text : `${text} = ${given(head.parameters[at] ?? '_')}`
    ),
    ...upstreams.map(name => `${name} = ${given(name)}`)
  ];
  const line = `${bindings.join('; ')}${bindings.length ? '  ' : ''}${MARK}${code.slice(head.from, head.to)}`;
  return code.slice(0, head.from) + line + body.replace(/^return /gm, RETURN);
}

function given(name: string): string {
  return `globals()["${name}"]`;
}

/** The cell's own text, where `source` is one that a language server was shown; else the same text. */
export function unmasked(source: string): string {
  const line = new RegExp(`^.*?${MARK}((?:%%|#\\s*\\|).*)$`, 'm').exec(source);
  if (!line || line[1] === undefined) {
    return source;
  }
  const end = line.index + line[0].length;
  return (
    source.slice(0, line.index) +
    line[1] +
    source.slice(end).replaceAll(new RegExp(`^${RETURN}`, 'gm'), 'return ')
  );
}
