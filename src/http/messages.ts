// The words that people see, by language and stable id; no other file of the program holds any. An id is written out in full
// wherever it is used, so that a test can tell which are missing and which are left over. Another language is one more file.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { z } from 'zod';

import type english from '../../views/messages/en.json';

export type MessageId = keyof typeof english;
export type MessageParams = Readonly<Record<string, string | number | undefined>>;
/** The text of a message, its `{name}`s filled in. Throws on an id or a parameter that is not there: nothing shows blank. */
export type Translate = (id: MessageId, params?: MessageParams) => string;

export interface Messages {
  /** Tags of RFC 5646, one for each file; the first is the one that the others are measured by. */
  readonly languages: readonly [string, ...string[]];
  messagesFor(language: string): Translate;
}

const DEFAULT_LANGUAGE = 'en';

/** One text, or one for each plural category of the language (CLDR); `{count}` decides which. */
const message = z.union([z.string().min(1), z.record(z.string(), z.string().min(1))]);
const messageFile = z.record(z.string(), message);
type MessageFile = z.infer<typeof messageFile>;

/**
 * Reads every `<language>.json` in `folder`.
 *
 * @throws Error when a file lacks a message, a parameter or a plural form that the default language has, or has more.
 */
export function createMessages(folder: string): Messages {
  const files = new Map(readdirSync(folder).flatMap((name) => readLanguage(folder, name)));
  const reference = files.get(DEFAULT_LANGUAGE);
  if (!reference) throw new Error(`${folder} has no ${DEFAULT_LANGUAGE}.json`);
  for (const [language, file] of files) assertComplete(language, file, reference);

  const translations = new Map([...files].map(([language, file]) => [language, translator(language, file)]));
  return {
    languages: [DEFAULT_LANGUAGE, ...[...files.keys()].filter((language) => language !== DEFAULT_LANGUAGE)],
    messagesFor(language) {
      const translate = translations.get(language);
      if (!translate) throw new Error(`There are no messages in the language ${language}`);
      return translate;
    },
  };
}

function readLanguage(folder: string, name: string): [string, MessageFile][] {
  if (path.extname(name) !== '.json') return [];
  return [[path.basename(name, '.json'), messageFile.parse(JSON.parse(readFileSync(path.join(folder, name), 'utf8')))]];
}

function translator(language: string, file: MessageFile): Translate {
  const texts = new Map(Object.entries(file));
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(language);
  const shown = texts.get('language.direction') === 'rtl' ? isolated : (value: string) => value;

  return (id, params = {}) => {
    const entry = texts.get(id);
    const text = typeof entry === 'object' ? entry[plural.select(countIn(id, params))] : entry;
    if (text === undefined) throw new Error(`There is no message ${id} in ${language}`);
    return text.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = Object.hasOwn(params, name) ? params[name] : undefined;
      if (value === undefined) throw new Error(`The message ${id} needs {${name}}`);
      return typeof value === 'number' ? number.format(value) : shown(value);
    });
  };
}

/**
 * FIRST STRONG ISOLATE around a name, so that neither it nor its neighbours change places in a text from right to left (UAX 9).
 * Digits alone keep theirs, and phones look for a code without such marks.
 */
function isolated(value: string): string {
  return /^\d*$/.test(value) ? value : `\u2068${value}\u2069`;
}

function countIn(id: string, { count }: MessageParams): number {
  if (typeof count !== 'number') throw new Error(`The message ${id} needs {count}, a number`);
  return count;
}

function assertComplete(language: string, file: MessageFile, reference: MessageFile): void {
  const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
  const faults = [
    ...Object.keys(reference).flatMap((id) => (id in file ? [] : [`lacks ${id}`])),
    ...Object.keys(file).flatMap((id) => (id in reference ? [] : [`has ${id}, which is no message`])),
    ...Object.entries(file).flatMap(([id, entry]) =>
      sameParams(entry, reference[id]) ? [] : [`${id}: other {names}`],
    ),
    ...Object.entries(file).flatMap(([id, entry]) =>
      typeof entry === 'string' || sameMembers(Object.keys(entry), pluralCategories)
        ? []
        : [`${id}: needs the forms ${pluralCategories.join(', ')}`],
    ),
  ];
  if (faults.length > 0) throw new Error(`Messages in ${language}: ${faults.join('; ')}`);
}

/** A plural form may leave `{count}` out ("one day"), so it is not compared. */
function sameParams(entry: MessageFile[string], reference: MessageFile[string] | undefined): boolean {
  return reference === undefined || sameMembers(paramsOf(entry), paramsOf(reference));
}

function paramsOf(entry: MessageFile[string]): string[] {
  const text = typeof entry === 'string' ? entry : Object.values(entry).join(' ');
  const names = [...text.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
  return names.filter((name) => typeof entry === 'string' || name !== 'count');
}

function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  return new Set(some).symmetricDifference(new Set(others)).size === 0;
}
