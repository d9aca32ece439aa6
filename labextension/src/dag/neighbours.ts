/** Who stands next to whom, and who is above and below whom: for keys, for highlighting, for looking at a part. */

import type { IDrawing, IEdge, INode } from './model';

/** Who stands next to whom: for keys and for highlighting. */
export class Neighbours {
  readonly above = new Map<string, string[]>();
  readonly below = new Map<string, string[]>();
  /** Edges by their source, and by their target. */
  readonly out = new Map<string, IEdge[]>();
  readonly into = new Map<string, IEdge[]>();

  constructor(picture: IDrawing) {
    for (const edge of picture.edges) {
      const { source, target } = edge;
      push(this.out, source, edge);
      push(this.into, target, edge);
      push(this.above, target, source);
      push(this.below, source, target);
    }
  }

  /** A block and all that it needs (`up`), all that needs it (`down`), or both. */
  reach(id: string, way: 'up' | 'down' | 'both'): Set<string> {
    const found = new Set([id]);
    for (const near of [way === 'down' ? null : this.above, way === 'up' ? null : this.below]) {
      const left = near ? [id] : [];
      for (let at = left.pop(); at !== undefined; at = left.pop()) {
        for (const next of near?.get(at) ?? []) {
          if (!found.has(next)) {
            found.add(next);
            left.push(next);
          }
        }
      }
    }
    return found;
  }

  /** The block that an arrow key leads to from `node`, or null. */
  step(picture: IDrawing, node: INode, key: string): INode | null {
    const by = new Map(picture.nodes.map(other => [other.id, other]));
    const near = (names: string[]) => nearest(node, names.map(name => by.get(name)).filter(isNode));
    switch (key) {
      case 'ArrowDown':
        return near(this.below.get(node.id) ?? []);
      case 'ArrowUp':
        return near(this.above.get(node.id) ?? []);
      case 'ArrowLeft':
        return nearest(
          node,
          picture.nodes.filter(other => other.x < node.x && overlaps(node, other))
        );
      case 'ArrowRight':
        return nearest(
          node,
          picture.nodes.filter(other => other.x > node.x && overlaps(node, other))
        );
      case 'Home':
        return picture.nodes[0] ?? null;
      case 'End':
        return picture.nodes[picture.nodes.length - 1] ?? null;
      default:
        return null;
    }
  }
}

function isNode(node: INode | undefined): node is INode {
  return node !== undefined;
}

function overlaps(one: INode, other: INode): boolean {
  return Math.abs(one.y - other.y) < one.height;
}

function nearest(node: INode, others: INode[]): INode | null {
  let best: INode | null = null;
  let least = Infinity;
  for (const other of others) {
    const distance = Math.hypot(other.x - node.x, other.y - node.y);
    if (distance < least) {
      [best, least] = [other, distance];
    }
  }
  return best;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values) {
    values.push(value);
  } else {
    map.set(key, [value]);
  }
}
