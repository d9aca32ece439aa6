/** Reading what arrives: small readers that go together to shapes. Whatever comes, a value of the shape goes out. */

export type Reader<T> = (value: unknown) => T;

/** What a reader gives: `type IColumn = Read<typeof column>`. */
export type Read<R> = R extends Reader<infer T> ? T : never;

export const text =
  (limit = 2000): Reader<string> =>
  value =>
    typeof value === 'string' ? value.slice(0, limit) : typeof value === 'number' ? String(value) : '';

export const number: Reader<number> = value =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;

export const flag: Reader<boolean> = value => value === true;

export const maybe =
  <T>(reader: Reader<T>): Reader<T | null> =>
  value =>
    value === null || value === undefined ? null : reader(value);

export const list =
  <T>(of: Reader<T>, most = 2000): Reader<T[]> =>
  value =>
    Array.isArray(value) ? value.slice(0, most).map(of) : [];

/** One of these words; the first where it is none of them. */
export const oneOf =
  <T extends string>(first: T, ...others: T[]): Reader<T> =>
  value =>
    others.find(each => each === value) ?? first;

type Shape = Record<string, Reader<unknown>>;

export const record =
  <S extends Shape>(shape: S): Reader<{ [K in keyof S]: Read<S[K]> }> =>
  value => {
    const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    const entries = Object.entries(shape).map(([name, reader]) => [name, reader(given[name])]);
    return Object.fromEntries(entries) as { [K in keyof S]: Read<S[K]> };
  };
