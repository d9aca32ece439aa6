/**
 * What tests of hostile input share: the payloads, every way of putting one into a JSON, and the proof that what was made of
 * it is harmless: only elements and attributes that we use, none of which can load, run or cover anything.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Path = (string | number)[];

type Written = Record<string, (string | [string, number])[]>;

/** The payloads of `tests/hostile/payloads.json`, which Python's tests read too. A pair there is a text and how often it comes. */
export function payloads(): string[] {
  const file = join(process.cwd(), '..', 'tests', 'hostile', 'payloads.json');
  const groups = JSON.parse(readFileSync(file, 'utf8')) as Written;
  return Object.values(groups)
    .flat()
    .map(each => (typeof each === 'string' ? each : each[0].repeat(each[1])));
}

const deep = (levels: number): unknown => (levels ? { a: [deep(levels - 1)], nodes: [] } : 'x');

/** Values of another type than was meant. Some cannot stand in a JSON text, but in a message with binary data or a fake. */
export const SHAPES: readonly [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', NaN],
  ['infinity', Infinity],
  ['minus infinity', -Infinity],
  ['zero', 0],
  ['minus zero', -0],
  ['a huge number', 1e308],
  ['a tiny number', 5e-324],
  ['a negative number', -1e9],
  ['a fraction', 0.1],
  ['an unsafe whole', 2 ** 53 + 2],
  ['a number as text', '12'],
  ['an exponent as text', '1e999'],
  ['an empty list', []],
  ['an empty object', {}],
  ['a list of a text', ['<b>x</b>']],
  ['a list of lists', [[[], [[]]], [null]]],
  ['a list of wrong things', [null, 1, 'x', {}, [], true]],
  ['a long list', Array.from({ length: 200 }, (_, i) => i)],
  ['an object as a list', { 0: 'a', 1: 'b', length: 2 }],
  ['a list-like', { length: -1 }],
  [
    'an own prototype',
    JSON.parse('{"__proto__": {"hacked": 1}, "constructor": {"prototype": {"hacked": 1}}}')
  ],
  ['no prototype', Object.create(null)],
  ['methods', { toString: 'x', valueOf: 1, toJSON: {}, then: 'x', length: 'x' }],
  ['something deep', deep(40)],
  ['a date', '2026-13-45T99:99:99Z']
];

/** The way to every value in a JSON, the outermost included; of a list's items, only to fields that the ones before have not. */
export function places(json: unknown): Path[] {
  const seen = new Map<string, Path>();
  const walk = (value: unknown, way: Path): void => {
    const sort = way.map(step => (typeof step === 'number' ? '*' : step)).join('\0');
    if (!seen.has(sort)) {
      seen.set(sort, way);
    }
    if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) {
        walk(each, [...way, Array.isArray(value) ? Number(key) : key]);
      }
    }
  };
  walk(json, []);
  return [...seen.values()];
}

/** The JSON with something else at this place. */
export function put(json: unknown, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) {
    return value;
  }
  if (Array.isArray(json)) {
    return json.map((each, i) => (i === first ? put(each, rest, value) : each));
  }
  const made = { ...(json as Record<string, unknown>) };
  define(made, String(first), put(made[first], rest, value));
  return made;
}

/** The JSON with every text replaced, the same by the same, so that names still meet; with `all`, numbers and truth too. */
export function everywhere(json: unknown, payload: string, all = false): unknown {
  const texts = new Map<string, string>();
  const said = (text: string) => {
    const made = texts.get(text) ?? payload + (texts.size || '');
    texts.set(text, made);
    return made;
  };
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      return value.map(walk);
    }
    if (typeof value === 'object' && value !== null) {
      const made = {};
      for (const [key, each] of Object.entries(value)) {
        define(made, texts.get(key) ?? key, walk(each)); // a map by name has the names that were said before
      }
      return made;
    }
    return typeof value === 'string' ? said(value) : all ? payload : value;
  };
  return walk(json);
}

/** The JSON with the key at the end of this way replaced. */
export function renamed(json: unknown, way: Path, key: string): unknown {
  const parent = way.slice(0, -1);
  const last = way[way.length - 1];
  let at: unknown = json;
  for (const step of parent) {
    at = (at as Record<string, unknown>)[step as string];
  }
  const made = {};
  for (const [old, value] of Object.entries(at as object)) {
    define(made, old === last ? key : old, value);
  }
  return put(json, parent, made);
}

/** As JSON.parse does it: `__proto__` is a key like any other. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

const ELEMENTS = new Set(
  (
    'div span p h2 h3 h4 ul ol li dl dt dd pre code strong em small time button input label select option textarea ' +
    'table caption colgroup col thead tbody tfoot tr th td details summary section article header footer nav form fieldset legend output kbd mark ' +
    'svg g path rect circle ellipse line polyline polygon text tspan title defs marker pattern clippath progress meter canvas img'
  ).split(' ')
);
const WORDS =
  /^(title|placeholder|value|alt|label|aria-(label|description|valuetext|roledescription|placeholder)|data-[a-z-]+)$/;
const TOKENS =
  /^(class|id|for|role|type|name|aria-(controls|labelledby|describedby|owns|activedescendant|details))$/;
const OWN = /^(datetime-local|(jm|jp|lm|cm)-[\w-]*|jm[\w-]*|[a-z]+|)$/;
const NUMBERS =
  /^(x|y|x1|x2|y1|y2|cx|cy|r|rx|ry|dx|dy|width|height|viewBox|transform|points|d|tabindex|colspan|rowspan|rows|cols|min|max|size|maxlength|opacity|offset|refX|refY|markerWidth|markerHeight|stroke-width|stroke-dasharray|aria-(valuenow|valuemin|valuemax|level|posinset|setsize|colcount|rowcount|colindex|rowindex|colspan|rowspan))$/;
const DRAWN = /^[MmLlCcQqSsTtHhVvAaZz0-9 .,e+-]*$|^((translate|scale|rotate|matrix)\([0-9 .,e+-]*\) ?)*$/;
const CHOICES =
  /^(step|hidden|disabled|checked|selected|open|readonly|multiple|required|scope|dir|lang|draggable|spellcheck|autocomplete|inputmode|enterkeyhint|fill|stroke|text-anchor|dominant-baseline|stroke-linecap|stroke-linejoin|orient|clip-path|marker-end|patternUnits|preserveAspectRatio|vector-effect|pointer-events|focusable|list|datetime|popover|popovertarget|inert|translate|wrap|novalidate|aria-(hidden|live|selected|pressed|expanded|checked|haspopup|disabled|current|busy|atomic|modal|sort|orientation|relevant|multiselectable|invalid|required|readonly|keyshortcuts|autocomplete))$/;
const STYLE =
  /^([a-z-]+:\s*(#[0-9a-fA-F]{3,8}|-?[\w.%+-]+|[\w.%-]+(\s+[\w.%-]+)*|(rgb|rgba|hsl|var|calc|min|max|clamp|repeat|minmax|translate|color-mix|rotate|scale)\([\w\s.,%#()+*/-]*\)(\s+[\w.%-]+)*);?\s*)*$/;

/** What is wrong with what stands in this element: nothing is the proof. */
export function harm(host: Element): string[] {
  const found: string[] = [];
  const bad = (element: Element, what: string) => found.push(`<${element.localName}> ${what.slice(0, 120)}`);
  for (const element of host.querySelectorAll('*')) {
    if (!ELEMENTS.has(element.localName.toLowerCase())) {
      bad(element, 'is no element of ours');
    }
    for (const { name, value } of element.attributes) {
      const said = `${name}=${value}`;
      if (name === 'src') {
        if (!/^data:image\/(png|jpeg|gif|svg\+xml);base64,[\w+/=\s]*$/.test(value)) {
          bad(element, said);
        }
      } else if (name === 'style') {
        if (!STYLE.test(value) || /url|expression|import|binding|behavior/i.test(value)) {
          bad(element, said);
        }
      } else if (TOKENS.test(name)) {
        if (!value.split(/\s+/).every(token => OWN.test(token))) {
          bad(element, said);
        }
      } else if (NUMBERS.test(name)) {
        if (!DRAWN.test(value) || /nan|inf|undefined/i.test(value)) {
          bad(element, said);
        }
      } else if (CHOICES.test(name)) {
        if (!/^[\w #().%-]*$/.test(value) || /url\((?!#jm-)/i.test(value)) {
          bad(element, said);
        }
      } else if (!WORDS.test(name)) {
        bad(element, `${said} is no attribute of ours`);
      }
    }
  }
  return found;
}

/** Whatever would run, load, leave or ask: each of them is written down when it is touched. */
export function tripwires(): { sprung: string[]; remove: () => void } {
  const sprung: string[] = [];
  const undo: (() => void)[] = [];
  const wire = (owner: object, name: string, kind: 'set' | 'value') => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    const note = () => void sprung.push(name);
    Object.defineProperty(
      owner,
      name,
      kind === 'set'
        ? { configurable: true, get: before?.get, set: note }
        : { configurable: true, writable: true, value: note }
    );
    undo.push(() =>
      before ? Object.defineProperty(owner, name, before) : Reflect.deleteProperty(owner, name)
    );
  };
  const owners: object[] = [Element.prototype, HTMLElement.prototype, ShadowRoot.prototype];
  for (const name of ['innerHTML', 'outerHTML']) {
    owners.filter(owner => Object.hasOwn(owner, name)).forEach(owner => wire(owner, name, 'set'));
  }
  wire(Element.prototype, 'insertAdjacentHTML', 'value');
  wire(Range.prototype, 'createContextualFragment', 'value');
  for (const name of ['write', 'writeln']) {
    wire(document, name, 'value');
  }
  for (const name of [
    'fetch',
    'XMLHttpRequest',
    'WebSocket',
    'EventSource',
    'DOMParser',
    'Worker',
    'open',
    'alert',
    'confirm',
    'prompt',
    'eval',
    'Function',
    'hacked'
  ]) {
    wire(globalThis, name, 'value');
  }
  return { sprung, remove: () => undo.reverse().forEach(each => each()) };
}

const CLEAN = Reflect.ownKeys(Object.prototype).length;

/** Nothing was put on every object there is, and nothing ran. */
export function expectUntouched(): void {
  expect(Reflect.ownKeys(Object.prototype).length).toBe(CLEAN);
  expect(({} as Record<string, unknown>).hacked).toBeUndefined();
}
