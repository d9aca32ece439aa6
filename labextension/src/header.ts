/**
 * Reads off a cell's text what Python's `jupyter_mage.code` reads: which block it defines, by which carrier, in which language.
 *
 * A contract test compares the two on one table of cells (`header.table.json`). Where Python refuses a header with an error,
 * this says what can still be said.
 */

import options from './header.options.json';

export type Carrier = 'magic' | 'comment' | 'decorator' | 'mage';

export interface IHead {
  /** `%%block` or `%%test`. */
  sort: 'block' | 'test';
  carrier: Carrier;
  /** The block's name; empty where none can be read. */
  name: string;
  /** Of the body, as Python calls it; a test's is Python. */
  language: string;
  /** As it is said in the header, or empty. */
  kind: string;
  /** Declared upstreams, or null where there are no parentheses. */
  upstreams: string[] | null;
  /** Keyword-only parameters. */
  parameters: string[];
  /** The same as they are written, with type and default: `min_minutes: int = 15`. */
  written: string[];
  /** Where the header stands in the text, from its first character to behind its last. */
  from: number;
  to: number;
}

const ABOVE = /^(?:[ \t]*(?:#(?!\s*\|).*)?\r?\n)*/;
const MAGIC = /^%%(block|test)(?:[ \t]+(.*))?$/;
const COMMENT = /^#\s*\|\s*(block|test)\s*:\s*(.*)$/;
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const OURS = /^@(?:jupyter_mage\.|jm\.)?block(?![\w.])/;
const VALUED: ReadonlySet<string> = new Set(options.valued);
const FLAGS: ReadonlySet<string> = new Set(options.flags);
const SHORT: Record<string, string> = options.short;
const MAGE: ReadonlySet<string> = new Set(options.mage);

/** The name of the block that a cell's text defines, or an empty text. Comments and blank lines may stand above the header. */
export function blockOf(source: string): string {
  const head = headOf(source);
  return head?.sort === 'block' ? head.name : '';
}

/** What the cell's header says, or null for a plain cell. */
export function headOf(source: string): IHead | null {
  const from = (ABOVE.exec(source)?.[0] ?? '').length;
  const end = source.indexOf('\n', from);
  const line = source.slice(from, end < 0 ? source.length : end).replace(/\r$/, '');
  for (const [carrier, pattern] of [['magic', MAGIC] as const, ['comment', COMMENT] as const]) {
    const found = pattern.exec(line);
    if (found) {
      const sort = found[1] as IHead['sort'];
      return { sort, carrier, ...readHeader(found[2] ?? '', sort), from, to: from + line.length };
    }
  }
  return source.includes('@') ? functionOf(source) : null;
}

type Read = Pick<IHead, 'name' | 'language' | 'kind' | 'upstreams' | 'parameters' | 'written'>;

/** `NAME(up1, up2, *, param: type = default) --option value`. */
function readHeader(text: string, sort: IHead['sort']): Read {
  const word = /^\s*([^\s(]+)\s*/.exec(text);
  const name = word?.[1] ?? '';
  const read: Read = {
    name: NAME.test(name) ? name : '',
    language: 'python',
    kind: '',
    upstreams: null,
    parameters: [],
    written: []
  };
  let rest = text.slice(word?.[0].length ?? 0);
  if (sort === 'test') {
    return read;
  }
  if (rest.startsWith('(')) {
    const close = closing(rest, 0);
    Object.assign(read, readSignature(rest.slice(1, close - 1)));
    rest = rest.slice(close);
  }
  for (const [option, value] of pairs(rest)) {
    if (option === '--lang') {
      read.language = value || 'python';
    } else if (option === '--kind') {
      read.kind = value ?? '';
    } else if (option.startsWith('--') && !VALUED.has(option) && !FLAGS.has(option)) {
      read.language = option.slice(2);
    }
  }
  return read;
}

/** Each option with its value, or undefined where it has none. */
function pairs(text: string): [string, string | undefined][] {
  const words = text.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+/g) ?? [];
  const found: [string, string | undefined][] = [];
  for (let at = 0; at < words.length; at++) {
    const [full = '', next] = [words[at], words[at + 1]];
    const cut = full.indexOf('=');
    const word = cut < 0 ? full : full.slice(0, cut);
    const option = SHORT[word] ?? word;
    if (cut >= 0) {
      found.push([option, unquoted(full.slice(cut + 1))]);
    } else if (VALUED.has(option) && next !== undefined && !next.startsWith('--')) {
      found.push([option, unquoted(next)]);
      at++;
    } else {
      found.push([option, undefined]);
    }
  }
  return found;
}

function unquoted(word: string): string {
  return /^(["']).*\1$/.test(word) ? word.slice(1, -1) : word;
}

/** The names in a signature's parentheses; what stands behind `*` are parameters. */
function readSignature(inside: string): Pick<Read, 'upstreams' | 'parameters' | 'written'> {
  const upstreams: string[] = [];
  const parameters: string[] = [];
  const written: string[] = [];
  let keyword = false;
  for (const part of split(inside)) {
    if (part.startsWith('*')) {
      keyword = true;
    } else if (part && part !== '/') {
      const name = /^[A-Za-z_]\w*/.exec(part)?.[0];
      if (name) {
        (keyword ? parameters : upstreams).push(name);
        if (keyword) {
          written.push(part);
        }
      }
    }
  }
  return { upstreams, parameters, written };
}

/** At the commas that stand in no bracket and no text. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [at, char] of code(text, 0)) {
    if ('([{'.includes(char)) {
      depth++;
    } else if (')]}'.includes(char)) {
      depth--;
    } else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)].map(part => part.replace(/#.*$/gm, '').trim());
}

/** Index behind the bracket that closes the one at `start`, or the text's end. */
function closing(text: string, start: number): number {
  let depth = 0;
  for (const [at, char] of code(text, start)) {
    if ('([{'.includes(char)) {
      depth++;
    } else if (')]}'.includes(char) && --depth === 0) {
      return at + 1;
    }
  }
  return text.length;
}

/** The characters of Python code from `start` on, those in texts and comments left out. */
function* code(text: string, start: number): Generator<[number, string]> {
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '#') {
      const end = text.indexOf('\n', at);
      at = (end < 0 ? text.length : end) - 1;
    } else if (char === '"' || char === "'") {
      at = textEnd(text, at) - 1;
    } else {
      yield [at, char];
    }
  }
}

/** Index behind the text that begins with the quote at `start`. */
function textEnd(text: string, start: number): number {
  const quote = text[start] ?? '';
  const long = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  for (let at = start + long.length; at < text.length; at++) {
    if (text[at] === '\\') {
      at++;
    } else if (text.startsWith(long, at)) {
      return at + long.length;
    } else if (long.length === 1 && text[at] === '\n') {
      return at; // never closed
    }
  }
  return text.length;
}

interface IFunction {
  decorators: { at: number; name: string; text: string }[];
  name: string;
  /** Whether it is written `def`, not `async def` or `class`. */
  plain: boolean;
  inside: string;
  end: number;
}

/** The functions and classes at a cell's left edge, with the decorators above each. */
function functions(source: string): IFunction[] {
  const found: IFunction[] = [];
  let decorators: IFunction['decorators'] = [];
  let skip = 0;
  for (const [at] of code(source, 0)) {
    const first = at === 0 || source[at - 1] === '\n';
    if (!first || at < skip || !/\S/.test(source[at] ?? '')) {
      continue;
    }
    const rest = source.slice(at);
    const decorator = /^@([\w.]+)[ \t]*(\()?/.exec(rest);
    const made = /^(async[ \t]+def|def|class)[ \t]+(\w+)[ \t]*(\()?/.exec(rest);
    if (decorator) {
      const bracket = decorator[2] ? at + decorator[0].length - 1 : -1;
      const end = bracket < 0 ? at + decorator[0].length : closing(source, bracket);
      decorators.push({ at, name: decorator[1] ?? '', text: source.slice(at, end) });
      skip = end;
    } else if (made) {
      const bracket = made[3] ? at + made[0].length - 1 : -1;
      const end = bracket < 0 ? at + made[0].length : closing(source, bracket);
      const colon = source.indexOf(':', end);
      const inside = bracket < 0 ? '' : source.slice(bracket + 1, end - 1);
      found.push({
        decorators,
        name: made[2] ?? '',
        plain: made[1] === 'def',
        inside,
        end: colon < 0 ? end : colon + 1
      });
      [decorators, skip] = [[], end];
    } else if (!/^[#)\]}]/.test(rest)) {
      decorators = [];
    }
  }
  return found;
}

/** A cell that is a block by `@block` above a function, or a whole Mage block file. */
function functionOf(source: string): IHead | null {
  const all = functions(source);
  const own = new Set(all.map(each => each.name));
  const ours = all.find(each => each.decorators.some(one => OURS.test(one.text)));
  const taken = /^\s*from\s+(?!jupyter_mage\b)[\w.]+\s+import\s+[^\n]*\bblock\b/m.test(source);
  if (ours && !taken && !own.has('block')) {
    const text = ours.decorators.find(one => OURS.test(one.text))?.text ?? '';
    const kind = /\bkind\s*=\s*(["'])(\w+)\1/.exec(text)?.[2] ?? '';
    return head(ours, 'decorator', kind);
  }
  for (const each of all) {
    const names = each.decorators.map(one => one.name).filter(name => MAGE.has(name) && !own.has(name));
    const [sort] = names;
    if (sort !== undefined) {
      const module = new RegExp(`from\\s+([\\w.]+)\\s+import\\s+[^\\n]*\\b${sort}\\b`).exec(source)?.[1];
      const mage = module === undefined || module.split('.')[0] === 'mage_ai';
      return mage && each.plain ? head(each, 'mage', sort) : null;
    }
  }
  return null;
}

function head(found: IFunction, carrier: Carrier, kind: string): IHead {
  const { upstreams, parameters, written } = readSignature(found.inside);
  const from = Math.min(...found.decorators.map(each => each.at));
  const name = NAME.test(found.name) ? found.name : '';
  return {
    sort: 'block',
    carrier,
    name,
    language: 'python',
    kind,
    upstreams,
    parameters,
    written,
    from,
    to: found.end
  };
}
