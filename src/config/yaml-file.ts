// The configuration file: its values, and the line and column of each.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';

import { isMapKey } from './keys.ts';
import type { Layer } from './layer.ts';
import type { Problem } from './problem.ts';
import { FOLDERS, FROM_FILES, PICTURES, fileKeyOf } from './schema.ts';
import { isMap as isTree, pathsOf, setAt, valueAt } from './tree.ts';
import type { Path, Tree } from './tree.ts';

/** The keys whose values are paths, as the file spells them: relative to itself. */
const FILES = [...FOLDERS, ...PICTURES, ...FROM_FILES.map(fileKeyOf)];

/** The file, or what kept it from being read. */
export function readConfigurationFile(file: string): { layer: Layer; problems: Problem[] } {
  const nowhere: Layer = { values: {}, sourceOf: () => file };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { layer: nowhere, problems: [unreadable(file, error)] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const positionOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${String(line)}:${String(col)}`;
  };
  const mistakes = mistakesIn(document, text);
  if (mistakes.length > 0) {
    const problems = mistakes.map(({ offset, ...said }) => ({ path: '', source: positionOf(offset), ...said }));
    return { layer: nowhere, problems };
  }
  const values = withEmptyMaps(document.toJS());
  if (!isTree(values)) {
    const problem = {
      path: '',
      source: positionOf(0),
      message: 'is not a map of keys',
      mend: 'begin with publicUrl: …',
    };
    return { layer: nowhere, problems: [problem] };
  }
  anchorPaths(values, path.dirname(file));
  const sourceOf = (place: Path) => {
    const offset = offsetOf(document, place);
    return offset === undefined ? file : positionOf(offset);
  };
  return { layer: { values, sourceOf }, problems: [] };
}

function unreadable(file: string, error: unknown): Problem {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return {
    path: '',
    source: file,
    message: missing ? 'does not exist' : 'cannot be read',
    mend: missing ? 'check the path given by --config or SALLYPORT_CONFIG' : 'check its permissions',
  };
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

interface Mistake {
  offset: number;
  message: string;
  mend: string;
}

/** Words of our own for what YAML refuses: the library's quote the text, which may be a secret without quotes around it. */
function mistakesIn(document: Document.Parsed, text: string): Mistake[] {
  const mistakes = [...document.errors, ...document.warnings].map(({ code, pos: [offset] }) => ({
    offset,
    ...(code === 'DUPLICATE_KEY' ? twice(text, offset) : (MISTAKES[code] ?? OTHER_MISTAKE)),
  }));
  visit(document, {
    Alias(_, alias, ancestors) {
      const meant = alias.resolve(document);
      if (meant === undefined || ancestors.includes(meant))
        mistakes.push({ offset: alias.range?.[0] ?? 0, ...RESERVED });
    },
  });
  return mistakes;
}

function twice(text: string, offset: number): Omit<Mistake, 'offset'> {
  const name = /^["']?([\w.-]+)/.exec(text.slice(offset, offset + 100))?.[1] ?? 'a key';
  return { message: `${name} is there twice`, mend: 'keep one of them' };
}

const RESERVED = {
  message: 'a value begins with a character that means something else in YAML',
  mend: 'put the value in quotes',
};

const OTHER_MISTAKE = {
  message: 'is not valid YAML here',
  mend: 'compare with config/example.yaml; a value with `: ` or ` #` in it needs quotes',
};

const MISTAKES: Record<string, Omit<Mistake, 'offset'> | undefined> = {
  TAB_AS_INDENT: { message: 'a tab stands where the line is indented', mend: 'indent with spaces' },
  BAD_INDENT: { message: 'the indentation does not fit what is above', mend: 'indent the keys of one map alike' },
  MULTIPLE_DOCS: { message: 'a second document begins here', mend: 'remove the line of three hyphens' },
  BAD_SCALAR_START: RESERVED,
  TAG_RESOLVE_FAILED: RESERVED,
  BAD_ALIAS: RESERVED,
  NON_STRING_KEY: { message: 'a map or a list stands where a key should', mend: 'write the key as plain text' },
};
