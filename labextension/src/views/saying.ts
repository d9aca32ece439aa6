/** Numbers, sizes and times as people read them; the same words as Python's `report`. */

import { words } from '../dag/words';

/** `12 480`, with spaces that do not break. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u00a0');
}

/** `48.1 MB`. */
export function bytes(count: number): string {
  const units: [string, number][] = [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3]
  ];
  const unit = units.find(([, factor]) => count >= factor);
  return unit ? `${(count / unit[1]).toFixed(1)}\u00a0${unit[0]}` : `${count}\u00a0B`;
}

/** `12 480 × 19`, `3 items`, or the type. */
export function shape(output: { type: string; rows: number | null; columns: number | null }): string {
  if (output.rows === null) {
    return output.type === 'NoneType' ? words('nothing') : output.type;
  }
  if (output.columns !== null) {
    return `${grouped(output.rows)}\u00a0×\u00a0${output.columns}`;
  }
  return output.rows === 1 ? words('1 item') : words('{count} items', { count: grouped(output.rows) });
}
