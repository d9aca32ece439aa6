/**
 * Reads JSON by its shape. Whatever arrives, every field is there afterwards and has its type: what is missing or of another sort
 * becomes empty, what is too long is cut. Nothing is trusted because our own server or kernel should have sent it.
 */

import { type Contract, type Shape, SHAPES } from './contract';

const TEXT = 20000;
/** Of a picture, which is one long text. */
const PICTURE = 3_000_000;
const LIST = 20000;

type Fields = Record<string, unknown>;

/** `read('RunLine', answer)`: a run in one line, whatever `answer` is. */
export function read<K extends keyof Contract>(name: K, value: unknown): Contract[K] {
  return object(name, value) as unknown as Contract[K];
}

function object(name: keyof Contract, value: unknown): Fields {
  const given = isFields(value) ? value : {};
  const made: Fields = {};
  for (const [field, shape] of Object.entries(SHAPES[name])) {
    const own = Object.prototype.hasOwnProperty.call(given, field) ? given[field] : undefined;
    if (own !== undefined || !isMaybe(shape)) {
      made[field] = of(shape, own, name === 'Image' ? PICTURE : TEXT);
    }
  }
  return made;
}

function of(shape: Shape, value: unknown, most = TEXT): unknown {
  switch (shape) {
    case 'text':
      return typeof value === 'string'
        ? value.slice(0, most)
        : typeof value === 'number'
          ? String(value)
          : '';
    case 'number':
      return finite(value) ? value : 0;
    case 'truth':
      return value === true;
    case 'any':
      return value;
  }
  switch (shape[0]) {
    case 'null':
      return fits(shape[1], value) ? of(shape[1], value) : null;
    case 'maybe':
      return of(shape[1], value);
    case 'list':
      return (Array.isArray(value) ? value.slice(0, LIST) : []).map(each => of(shape[1], each));
    case 'map': {
      const entries = isFields(value) ? Object.entries(value).slice(0, LIST) : [];
      return Object.fromEntries(entries.map(([key, each]) => [key.slice(0, TEXT), of(shape[1], each)]));
    }
    case 'one':
      return typeof value === 'string' && shape.slice(1).includes(value) ? value : shape[1];
    case 'of':
      return object(shape[1], value);
  }
}

/** Whether a field that may be null has something else in it. */
function fits(shape: Shape, value: unknown): boolean {
  if (shape === 'text') {
    return typeof value === 'string';
  }
  if (shape === 'number') {
    return finite(value);
  }
  return Array.isArray(shape) && shape[0] === 'of' ? isFields(value) : value !== null && value !== undefined;
}

function finite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isMaybe(shape: Shape): boolean {
  return Array.isArray(shape) && shape[0] === 'maybe';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
