// A configuration before a schema has seen it: maps, lists and plain values, and the places in it.

/** Names and indices from the root. In a pattern, `*` is any name or index. */
export type Path = readonly string[];
export type Tree = Record<string, unknown>;

/** What is wrong at a place, and how to mend it. Never a value: it may be a secret. */
export interface Finding {
  path: Path;
  /** Where it is written, if the path does not say. */
  at?: Path;
  message: string;
  mend: string;
}

export function isMap(value: unknown): value is Tree {
  return isContainer(value) && !Array.isArray(value);
}

export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const name of path) value = isContainer(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

/** Writes a value, making the maps and lists on the way; a number in the path is an index. */
export function setAt(root: object, [name, ...rest]: Path, value: unknown): void {
  if (name === undefined) return;
  if (rest[0] === undefined) {
    Reflect.set(root, name, value);
    return;
  }
  const existing: unknown = Reflect.get(root, name);
  const child = isContainer(existing) ? existing : /^\d+$/.test(rest[0]) ? [] : {};
  Reflect.set(root, name, child);
  setAt(child, rest, value);
}

export function removeAt(root: Tree, path: Path): void {
  const container = valueAt(root, path.slice(0, -1));
  if (isContainer(container)) Reflect.deleteProperty(container, path.at(-1) ?? '');
}

/** A copy that shares nothing, even where an alias in YAML makes one object of two places. */
export function copyOf(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, copied(value)]));
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  return isMap(value) ? copyOf(value) : value;
}

/** The paths that a pattern means in this tree. What leads to the last name must be there, the last name need not. */
export function pathsOf(root: unknown, [name, ...rest]: Path, above: Path = []): Path[] {
  if (name === undefined || !isContainer(root)) return [];
  const names = name === '*' ? Object.keys(root) : [name];
  if (rest.length === 0) return names.map((last) => [...above, last]);
  return names.flatMap((child) => pathsOf(valueAt(root, [child]), rest, [...above, child]));
}

/** Whether a path is one that the pattern means. */
export function matches(path: Path, pattern: Path): boolean {
  return path.length === pattern.length && pattern.every((name, at) => name === '*' || name === path[at]);
}

export function dotted(path: Path): string {
  return path.join('.');
}

function isContainer(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}
