// What the configuration keeps in files of its own: secrets, certificates, and pictures, which become `data:` URIs.

import { readFileSync, statSync } from 'node:fs';

import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { Layer } from './layer.ts';
import { mediaTypeOf } from './picture.ts';
import { FROM_FILES, PICTURES, fileKeyOf } from './schema.ts';
import { copyOf, dotted, pathsOf, removeAt, setAt, valueAt } from './tree.ts';
import type { Finding, Path, Tree } from './tree.ts';

const LARGEST_TEXT = 256 * 1024;
const LARGEST_PICTURE = 70 * 1024;

type Refusal = keyof typeof REFUSALS;
const REFUSALS = {
  'no-path': { message: 'is not a path', mend: 'write the path of a file' },
  missing: { message: 'names a file that does not exist', mend: 'create it or correct the path' },
  unreadable: { message: 'names a file that cannot be read', mend: 'let the user that runs the server read it' },
  'text-empty': { message: 'names an empty file', mend: 'put the value into it' },
  'text-large': {
    message: 'names a file of more than 256 kB',
    mend: 'name a file that holds the value and nothing else',
  },
  'no-picture': { message: 'names no PNG, JPEG, WebP or SVG file', mend: 'name a picture in one of these formats' },
  'picture-large': { message: 'names a picture of more than 70 kB', mend: 'make it smaller' },
};

/** What one place gives both as a value and as a file: which of them counts is no one's guess to make. */
export function givenTwice(values: Tree): Finding[] {
  return FROM_FILES.flatMap((pattern) => pathsOf(values, pattern))
    .filter((path) => valueAt(values, path) !== undefined && valueAt(values, fileKeyOf(path)) !== undefined)
    .map((path) => ({
      path,
      message: `is given both as a value and as a file (${fileKeyOf(path).at(-1) ?? ''})`,
      mend: 'keep one of them, better the file',
    }));
}

export interface FilesRead {
  layer: Layer;
  findings: Finding[];
  /** The paths of what is missing only because its file could not be read. */
  unread: ReadonlySet<string>;
}

/** Puts what the files hold where their paths were. */
export function readFiles(layer: Layer): FilesRead {
  const values = copyOf(layer.values);
  const findings: Finding[] = [];
  const unread = new Set<string>();
  const origins = new Map<string, string>();

  function replace(from: Path, to: Path, read: (file: string) => Outcome<string, Refusal>): void {
    const file = valueAt(values, from);
    if (file === undefined) return;
    const content = typeof file === 'string' && file !== '' ? read(file) : refused('no-path' as const);
    removeAt(values, from);
    if (content.ok) {
      setAt(values, to, content.value);
      origins.set(dotted(to), `file ${String(file)}`);
    } else {
      unread.add(dotted(to));
      findings.push({ path: from, ...REFUSALS[content.reason] });
    }
  }

  for (const path of FROM_FILES.flatMap((pattern) => pathsOf(values, pattern))) {
    if (valueAt(values, path) === undefined) replace(fileKeyOf(path), path, readText);
    else removeAt(values, fileKeyOf(path));
  }
  for (const path of PICTURES.flatMap((pattern) => pathsOf(values, pattern))) {
    if (!String(valueAt(values, path)).startsWith('data:')) replace(path, path, readPicture);
  }
  const sourceOf = (path: Path) => origins.get(dotted(path)) ?? layer.sourceOf(path);
  return { layer: { values, sourceOf }, findings, unread };
}

/** Editors and `echo` end a file with a line break that no one means; a second one is part of the value. */
function readText(file: string): Outcome<string, Refusal> {
  const content = readBounded(file, LARGEST_TEXT);
  if (!content.ok) return refused(content.reason === 'large' ? 'text-large' : content.reason);
  const text = content.value.toString('utf8').replace(/\r?\n$/, '');
  return text === '' ? refused('text-empty') : accepted(text);
}

function readPicture(file: string): Outcome<string, Refusal> {
  const content = readBounded(file, LARGEST_PICTURE);
  if (!content.ok) return refused(content.reason === 'large' ? 'picture-large' : content.reason);
  const type = mediaTypeOf(content.value);
  if (type === undefined) return refused('no-picture');
  return accepted(`data:${type};base64,${content.value.toString('base64')}`);
}

function readBounded(file: string, limit: number): Outcome<Buffer, 'missing' | 'unreadable' | 'large'> {
  try {
    return statSync(file).size > limit ? refused('large') : accepted(readFileSync(file));
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return refused(isMissing ? 'missing' : 'unreadable');
  }
}
