import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

import { createMessages } from '../../src/http/messages.ts';
import english from '../../views/messages/en.json' with { type: 'json' };

const ROOT = path.join(import.meta.dirname, '..', '..');
const MESSAGES = path.join(ROOT, 'views', 'messages');

function quotedIn(pattern: string): Set<string> {
  const texts = globSync(pattern, { cwd: ROOT }).map((file) => readFileSync(path.join(ROOT, file), 'utf8'));
  return new Set(texts.flatMap((text) => [...text.matchAll(/'(\w+(?:\.\w+)+)'/g)].map(([, id]) => id ?? '')));
}

describe('The messages', () => {
  const inTemplates = quotedIn('views/**/*.eta');
  const ids = new Set(Object.keys(english));

  it('have every id that a template names', () => {
    const areas = new Set([...ids].map((id) => id.split('.')[0]));
    const named = [...inTemplates].filter((name) => areas.has(name.split('.')[0]));
    expect(named.filter((id) => !ids.has(id))).to.deep.equal([]);
    expect(named.length).to.be.above(50);
  });

  it('have no id that neither a template nor the program names', () => {
    const used = inTemplates.union(quotedIn('src/**/*.ts'));
    expect([...ids.difference(used)]).to.deep.equal([]);
  });

  it('are complete in every language', () => {
    expect(createMessages(MESSAGES).languages[0]).to.equal('en');
  });
});

describe('createMessages', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'messages-'));
    write('en', { 'a.title': 'Hello {name}', 'a.days': { one: 'one day', other: '{count} days' } });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function write(language: string, messages: object): void {
    writeFileSync(path.join(folder, `${language}.json`), JSON.stringify(messages));
  }

  /** The messages of a folder whose ids are no MessageIds. */
  function translate(language: string, id: string, params?: Record<string, string | number>): string {
    const t: (id: never, params?: Record<string, string | number>) => string =
      createMessages(folder).messagesFor(language);
    return Reflect.apply(t, undefined, [id, params]) as string;
  }

  it('fills in parameters, once', () => {
    expect(translate('en', 'a.title', { name: '{name} & <b>' })).to.equal('Hello {name} & <b>');
  });

  it('picks the plural form of the language and writes numbers its way', () => {
    write('pl', {
      'a.title': '{name}!',
      'a.days': { one: 'dzień', few: '{count} dni (few)', many: '{count} dni', other: '-' },
    });
    expect(translate('en', 'a.days', { count: 1 })).to.equal('one day');
    expect(translate('en', 'a.days', { count: 1234 })).to.equal('1,234 days');
    expect(translate('pl', 'a.days', { count: 3 })).to.equal('3 dni (few)');
    expect(translate('pl', 'a.days', { count: 5 })).to.equal('5 dni');
  });

  it('throws on an unknown id, a missing parameter and a missing count', () => {
    expect(() => translate('en', 'a.none')).to.throw('no message a.none');
    expect(() => translate('en', 'a.title')).to.throw('a.title needs {name}');
    expect(() => translate('en', 'a.title', { other: 'x' })).to.throw('a.title needs {name}');
    expect(() => translate('en', 'a.days')).to.throw('needs {count}');
    expect(() => createMessages(folder).messagesFor('de')).to.throw('language de');
  });

  it('refuses at the start a language that lacks a message, a parameter or a plural form', () => {
    for (const [messages, fault] of [
      [{ 'a.title': '{name}' }, 'lacks a.days'],
      [{ 'a.title': '{name}', 'a.days': { one: '1', other: '2' }, 'a.more': 'x' }, 'has a.more'],
      [{ 'a.title': 'Hallo', 'a.days': { one: '1', other: '2' } }, 'a.title: other {names}'],
      [{ 'a.title': '{name}', 'a.days': { other: '2' } }, 'a.days: needs the forms one, other'],
    ] as const) {
      write('de', messages);
      expect(() => createMessages(folder), fault).to.throw(fault);
    }
    write('de', { 'a.title': '', 'a.days': 'x' });
    expect(() => createMessages(folder)).to.throw();
  });

  it('needs the default language', () => {
    rmSync(path.join(folder, 'en.json'));
    expect(() => createMessages(folder)).to.throw('no en.json');
  });
});
