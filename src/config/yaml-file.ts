// The configuration file: its values, and the line and column of each.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document } from 'yaml';

import { isMapKey } from './keys.ts';
import type { Layer } from './layer.ts';
import type { Problem } from './problem.ts';
import { STAYING_PATHS, FROM_FILES, PICTURES, fileKeyOf } from './schema.ts';
import { isMap as isTree, pathsOf, setAt, valueAt } from './tree.ts';
import type { Path, Tree } from './tree.ts';
import { mistakesIn } from './yaml-mistakes.ts';

/** The keys whose values are paths, as the file spells them: relative to itself. */
const FILES = [...STAYING_PATHS, ...PICTURES, ...FROM_FILES.map(fileKeyOf)];

/** Uses of one anchor, with those inside it: far more than a configuration has, and too few to fill the memory. */
const MOST_ALIASES = 10_000;

/** The file, or what kept it from being read. */
export function readConfigurationFile(file: string): { layer: Layer; problems: Problem[] } {
  const refuse = (problems: Omit<Problem, 'path'>[]) => ({
    layer: { values: {}, sourceOf: () => file },
    problems: problems.map((problem) => ({ path: '', ...problem })),
  });
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return refuse([{ source: file, ...unreadable(error) }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const positionOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${String(line)}:${String(col)}`;
  };
  const mistakes = mistakesIn(document, text);
  if (mistakes.length > 0)
    return refuse(mistakes.map(({ offset, ...said }) => ({ source: positionOf(offset), ...said })));

  const values = valuesOf(document);
  if (!isTree(values)) return refuse([{ source: file, ...NO_MAP }]);
  anchorPaths(values, path.dirname(file));
  const sourceOf = (place: Path) => {
    const offset = offsetOf(document, place);
    return offset === undefined ? file : positionOf(offset);
  };
  return { layer: { values, sourceOf }, problems: [] };
}

const NO_MAP = { message: 'is not a map of keys', mend: 'begin with publicUrl: https://…, and use few aliases' };

function valuesOf(document: Document.Parsed): unknown {
  try {
    return withEmptyMaps(document.toJS({ maxAliasCount: MOST_ALIASES }));
  } catch {
    return undefined;
  }
}

function unreadable(error: unknown): { message: string; mend: string } {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return isMissing
    ? { message: 'does not exist', mend: 'check the path given by --config or SALLYPORT_CONFIG' }
    : { message: 'cannot be read', mend: 'let the user that runs the server read it' };
}

/** A key with nothing below it but comments holds an empty map, if it is one that holds keys. */
function withEmptyMaps(value: unknown, place: Path = []): unknown {
  if (value === null && isMapKey(place)) return {};
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, withEmptyMaps(child, [...place, name])]),
  );
}

function anchorPaths(values: Tree, folder: string): void {
  for (const place of FILES.flatMap((pattern) => pathsOf(values, pattern))) {
    const given = valueAt(values, place);
    if (typeof given === 'string' && given !== '' && !given.startsWith('data:')) {
      setAt(values, place, path.resolve(folder, given));
    }
  }
}

/** Where the deepest part of a path that is there begins; a key rather than its value. */
function offsetOf(document: Document, place: Path): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const name of place) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === name);
      if (pair === undefined) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0];
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(name)];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
