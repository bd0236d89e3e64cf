// docs/troubleshooting.md quotes what the program says. A message that is no longer said, or one that is not explained, is
// found here.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'chai';

import { AUDIT_EVENT_TYPES } from '../../src/audit/audit.ts';
import { errorPage } from '../../src/http/error-page.ts';

const PAGE = readFileSync('docs/troubleshooting.md', 'utf8');
const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('demo'))
  .map((name) => readFileSync(path.join('src', name), 'utf8'))
  .join('\n');
const WORDS = new Map(
  Object.entries(JSON.parse(readFileSync('views/messages/en.json', 'utf8')) as Messages).map(plain),
);

type Messages = Record<string, string | { other: string }>;

describe('docs/troubleshooting.md', () => {
  it('quotes pages as they are', () => {
    const quoted = [...PAGE.matchAll(/“([^”]+)”/g)].map(([, text = '']) => text);
    expect(quoted).to.have.length.above(50);
    expect([...WORDS.values()]).to.include.members(quoted);
  });

  it('explains every problem of a form, every way to be kept out after the right password, and every error page', () => {
    const explained = [...WORDS].filter(([id]) =>
      /^problem\.|^login\.(expired|refused|notAllowed)\.\w*[tT]itle|^login\.notice\.endsTitle$|^error\.\w+\.title$/.test(
        id,
      ),
    );
    for (const [id, text] of explained) expect(PAGE, id).to.include(`“${text}”`);
  });

  it('has every error code, with the title of its page', () => {
    const rows = rowsOf('Error pages');
    const codes = membersOf('src/errors.ts', 'ErrorCode');
    expect(codes).to.have.length.above(10);
    for (const code of codes) {
      const { title } = errorPage({ code, requestId: '', time: new Date() }).words;
      const row = rows.find(([shown = '']) => spansOf(shown).includes(code));
      expect(row?.[1], code).to.include(`“${WORDS.get(title) ?? title}”`);
    }
  });

  it('has every event of the audit trail, and every reason why a password was not taken', () => {
    const rows = rowsOf('What the audit trail says');
    const reasons = rows.flatMap(spansIn(1));
    expect([...new Set(rows.flatMap(spansIn(0)))]).to.have.members([...AUDIT_EVENT_TYPES]);
    expect(reasons).to.include.members([
      ...membersOf('src/directory/directory.ts', 'BindRefusal'),
      ...membersOf('src/directory/directory.ts', 'PasswordRefusal'),
      ...membersOf('src/security/password-policy.ts', 'PasswordWeakness'),
      ...membersOf('src/first-factors/first-factor.ts', 'FirstFactorRefusal'),
      ...membersOf('src/first-factors/change-password.ts', 'PasswordChangeRefusal'),
    ]);
    for (const reason of reasons) expect(SOURCES).to.include(reason.replace(/^\w+(?=-in-directory$)/, ''));
  });

  it('says what each reason means that a bind was refused for', () => {
    const reasons = rowsOf('What a bind means').flatMap(spansIn(0));
    expect(reasons).to.have.members(membersOf('src/directory/directory.ts', 'BindRefusal'));
  });

  it('has every warning and every error of the log', () => {
    const logged = [...SOURCES.matchAll(/(?:\.(?:warn|error)\(\{[^}]*\}|\bwarn\(log), '([^']+)'/g)].map(
      ([, message = '']) => message,
    );
    expect(logged).to.have.length.above(15);
    const shown = rowsOf('What the log says').flatMap(spansIn(0));
    expect(shown).to.include.members(logged);
    for (const message of shown) expect(SOURCES).to.include(`'${message}'`);
  });

  it('has every metric', () => {
    const metrics = [...SOURCES.matchAll(/\bname: '(sallyport_\w+)'/g)].map(([, name = '']) => name);
    expect(metrics).to.have.length.above(5);
    expect(rowsOf('What the metrics say').flatMap(([name = '']) => spansOf(name))).to.have.members(metrics);
  });

  for (const section of ['Connecting', 'Finding', 'Rules', 'What a command says that does not start']) {
    it(`quotes the program in "${section}"`, () => {
      const column = section === 'Connecting' ? 1 : 0;
      const messages = rowsOf(section)
        .flatMap(spansIn(column))
        .filter((message) => !OF_OTHERS.test(message));
      expect(messages).to.have.length.above(3);
      for (const piece of messages.flatMap((message) => message.split(/…|\d+|"/))) expect(SOURCES).to.include(piece);
    });
  }
});

/** What Node.js and OpenSSL say of a connection. */
const OF_OTHERS =
  /^E[A-Z_]+$|^Hostname\/IP |certificate in certificate chain|local issuer|first certificate$|^self-signed|^certificate has|^Client network/;

function plain([id, text]: [string, Messages[string]]): [string, string] {
  return [id, typeof text === 'string' ? text : text.other];
}

/** The cells of a section's tables, without the heads. Subsections are sections of their own. */
function rowsOf(title: string): string[][] {
  const [, section = ''] = PAGE.split(new RegExp(`^#+ ${title.replaceAll(/[`()]/g, '.')}$`, 'm'));
  const [text = ''] = section.split(/^#/m);
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.map((line) => line.slice(1, -1).split(/(?<!\\)\|/)).filter((row) => !/^ -+/.test(row[0] ?? ''));
  return cells.slice(1).map((row) => row.map((cell) => cell.trim()));
}

function spansIn(column: number) {
  return (row: string[]): string[] => spansOf(row[column] ?? '');
}

function spansOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
}

/** The members that a union of strings writes out. */
function membersOf(file: string, type: string): string[] {
  const [, union = ''] = new RegExp(`^export type ${type} =([^;]+);`, 'm').exec(readFileSync(file, 'utf8')) ?? [];
  return [...union.matchAll(/'([^']+)'/g)].map(([, member = '']) => member);
}
