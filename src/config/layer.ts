import { dotted, isMap } from './tree.ts';
import type { Path, Tree } from './tree.ts';

/** Values from one place, or from several laid over one another. `sourceOf` says where a value came from, or should have. */
export interface Layer {
  values: Tree;
  sourceOf(path: Path): string;
}

/** Lays one over the other: maps are merged; a value, a list, and a secret in either of its two forms replace what was below. */
export function layOver(lower: Layer, upper: Layer): Layer {
  const taken = new Set<string>();
  const values = merge(lower.values, upper.values, [], (path) => taken.add(dotted(path)));
  const isTaken = (path: Path) => path.some((_, at) => taken.has(dotted(path.slice(0, at + 1))));
  return { values, sourceOf: (path) => (isTaken(path) ? upper : lower).sourceOf(path) };
}

function merge(lower: Tree, upper: Tree, above: Path, take: (path: Path) => void): Tree {
  const merged = { ...lower };
  for (const [name, value] of Object.entries(upper)) {
    const below = merged[name];
    const path = [...above, name];
    if (isMap(below) && isMap(value)) {
      merged[name] = merge(below, value, path, take);
      continue;
    }
    const otherForm = name.endsWith('File') ? name.slice(0, -'File'.length) : `${name}File`;
    if (upper[otherForm] === undefined) Reflect.deleteProperty(merged, otherForm);
    merged[name] = value;
    take(path);
  }
  return merged;
}
