/** Where things are, so that only what is in sight has to be in the page, and a point can be asked what lies there. */

import type { IBox } from './camera';
import type { IDrawing, IEdge, INode } from './model';

const TILE = 700;

export class Index {
  constructor(picture: IDrawing) {
    for (const node of picture.nodes) {
      this._nodes.put({ ...box(node), what: node });
    }
    for (const edge of picture.edges) {
      this._edges.put({ ...bounds(edge.path), what: edge });
    }
  }

  nodesIn(area: IBox): Set<INode> {
    return this._nodes.in(area);
  }

  edgesIn(area: IBox): Set<IEdge> {
    return this._edges.in(area);
  }

  nodeAt(x: number, y: number): INode | null {
    for (const node of this.nodesIn({ x, y, width: 0, height: 0 })) {
      return node;
    }
    return null;
  }

  /** The edge that passes this point within `reach` units. */
  edgeAt(x: number, y: number, reach: number): IEdge | null {
    let best: IEdge | null = null;
    let least = reach;
    for (const edge of this.edgesIn({ x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach })) {
      const away = distance(polyline(edge.path), x, y);
      if (away <= least) {
        [best, least] = [edge, away];
      }
    }
    return best;
  }

  private readonly _nodes = new Places<INode>();
  private readonly _edges = new Places<IEdge>();
}

/** Things by the tiles that they touch; the few that touch very many stand in a list of their own. */
class Places<T> {
  put(placed: Placed<T>): void {
    this._all.push(placed);
    const keys = tiles(placed, 100);
    if (!keys) {
      this._large.push(placed);
    }
    for (const key of keys ?? []) {
      const there = this._tiles.get(key);
      if (there) {
        there.push(placed);
      } else {
        this._tiles.set(key, [placed]);
      }
    }
  }

  in(area: IBox): Set<T> {
    const keys = tiles(area, 4000);
    const near = keys ? [...keys.map(key => this._tiles.get(key) ?? []), this._large] : [this._all];
    return new Set(near.flatMap(some => some.filter(placed => meets(placed, area))).map(({ what }) => what));
  }

  private readonly _all: Placed<T>[] = [];
  private readonly _large: Placed<T>[] = [];
  private readonly _tiles = new Map<string, Placed<T>[]>();
}

interface Placed<T> extends IBox {
  what: T;
}

/** The tiles that a box touches, or nothing where it is so large that they are not worth counting. */
function tiles({ x, y, width, height }: IBox, most: number): string[] | null {
  const [left, top] = [Math.floor(x / TILE), Math.floor(y / TILE)];
  const [across, down] = [
    Math.floor((x + width) / TILE) - left + 1,
    Math.floor((y + height) / TILE) - top + 1
  ];
  if (!(across * down <= most)) {
    return null;
  }
  const found: string[] = [];
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      found.push(`${left + column},${top + row}`);
    }
  }
  return found;
}

function meets(one: IBox, other: IBox): boolean {
  return (
    one.x <= other.x + other.width &&
    other.x <= one.x + one.width &&
    one.y <= other.y + other.height &&
    other.y <= one.y + one.height
  );
}

export function contains(outer: IBox, inner: IBox): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  );
}

function box({ x, y, width, height }: INode): IBox {
  return { x, y, width, height };
}

/** The box around some blocks. */
export function around(nodes: Iterable<INode>): IBox | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, width, height } of nodes) {
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x + width), Math.max(bottom, y + height)];
  }
  return left <= right ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

type Point = [number, number];

/** The points of a path, with those that only bend it. */
function points(path: string): Point[] {
  const numbers = (path.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  const found: Point[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    found.push([numbers[i] ?? 0, numbers[i + 1] ?? 0]);
  }
  return found;
}

function bounds(path: string): IBox {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points(path)) {
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
  }
  return left <= right
    ? { x: left, y: top, width: right - left, height: bottom - top }
    : { x: 0, y: 0, width: 0, height: 0 };
}

/** A path as straight pieces: lines as they are, each curve as eight. */
export function polyline(path: string): Point[] {
  const found: Point[] = [];
  for (const [, command, numbers] of path.matchAll(/([MLC])([^MLC]*)/g)) {
    const [a, b, c] = points(numbers ?? '');
    if (command !== 'C') {
      if (a) {
        found.push(a);
      }
      continue;
    }
    const from = found[found.length - 1];
    if (!from || !a || !b || !c) {
      continue;
    }
    for (let i = 1; i <= 8; i++) {
      const t = i / 8;
      const at = (k: 0 | 1) =>
        (1 - t) ** 3 * from[k] + 3 * (1 - t) ** 2 * t * a[k] + 3 * (1 - t) * t ** 2 * b[k] + t ** 3 * c[k];
      found.push([at(0), at(1)]);
    }
  }
  return found;
}

/** The point half way along. */
export function middle(path: string): Point {
  const line = polyline(path);
  const lengths = line
    .slice(1)
    .map(([x, y], i) => Math.hypot(x - (line[i]?.[0] ?? x), y - (line[i]?.[1] ?? y)));
  let left = lengths.reduce((sum, each) => sum + each, 0) / 2;
  for (const [i, length] of lengths.entries()) {
    const [from, to] = [line[i], line[i + 1]];
    if (length >= left && from && to) {
      const part = length ? left / length : 0;
      return [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
    }
    left -= length;
  }
  return line[0] ?? [0, 0];
}

function distance(line: Point[], x: number, y: number): number {
  let least = Infinity;
  for (let i = 1; i < line.length; i++) {
    const [from, to] = [line[i - 1], line[i]];
    if (!from || !to) {
      continue;
    }
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = dx * dx + dy * dy;
    const part = length ? Math.min(1, Math.max(0, ((x - from[0]) * dx + (y - from[1]) * dy) / length)) : 0;
    least = Math.min(least, Math.hypot(x - from[0] - part * dx, y - from[1] - part * dy));
  }
  return least;
}
