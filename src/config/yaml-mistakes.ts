import { visit } from 'yaml';
import type { Document } from 'yaml';

export interface YamlMistake {
  offset: number;
  message: string;
  mend: string;
}

/** In words of our own: the library's quote the text, which may be a secret without quotes around it. */
export function mistakesIn(document: Document.Parsed, text: string): YamlMistake[] {
  const mistakes = [...document.errors, ...document.warnings].map(({ code, pos: [offset] }) => ({
    offset,
    ...(code === 'DUPLICATE_KEY' ? twice(text, offset) : (WORDS[code] ?? OTHERWISE)),
  }));
  visit(document, {
    Alias(_, alias, ancestors) {
      const meant = alias.resolve(document);
      if (meant === undefined || ancestors.includes(meant)) {
        mistakes.push({ offset: alias.range?.[0] ?? 0, ...RESERVED });
      }
    },
  });
  return mistakes.filter(
    ({ offset }, index) => !mistakes.slice(0, index).some((other) => onOneLine(text, other.offset, offset)),
  );
}

/** What follows a mistake on its line mostly follows from it. */
function onOneLine(text: string, from: number, to: number): boolean {
  return !text.slice(Math.min(from, to), Math.max(from, to)).includes('\n');
}

function twice(text: string, offset: number): Omit<YamlMistake, 'offset'> {
  const name = /^["']?([\w.-]+)/.exec(text.slice(offset, offset + 100))?.[1] ?? 'a key';
  return { message: `${name} is there twice`, mend: 'keep one of them' };
}

const RESERVED = {
  message: 'a value begins with a character that means something else in YAML',
  mend: 'put the value in quotes',
};

const OTHERWISE = {
  message: 'is not valid YAML here',
  mend: 'compare with config/example.yaml; a value with `: ` or ` #` in it needs quotes',
};

const WORDS: Record<string, Omit<YamlMistake, 'offset'> | undefined> = {
  TAB_AS_INDENT: { message: 'a tab stands where the line is indented', mend: 'indent with spaces' },
  BAD_INDENT: { message: 'the indentation does not fit what is above', mend: 'indent the keys of one map alike' },
  MULTIPLE_DOCS: { message: 'a second document begins here', mend: 'remove the line of three hyphens' },
  BAD_SCALAR_START: RESERVED,
  TAG_RESOLVE_FAILED: RESERVED,
  BAD_ALIAS: RESERVED,
  NON_STRING_KEY: { message: 'a map or a list stands where a key should', mend: 'write the key as plain text' },
};
