import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

import { createMessages } from '../../src/http/messages.ts';
import type { MessageId, MessageParams } from '../../src/http/messages.ts';
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
    expect(createMessages(MESSAGES).languages).to.include.members(['en', 'de', 'fr', 'es', 'ar']);
  });
});

describe('The translations', () => {
  const files = globSync('*.json', { cwd: MESSAGES }).map((name): [string, MessageFile] => [
    path.basename(name, '.json'),
    JSON.parse(readFileSync(path.join(MESSAGES, name), 'utf8')),
  ]);
  const textsOf = (file: MessageFile) =>
    Object.entries(file).flatMap(([id, entry]) =>
      (typeof entry === 'string' ? [entry] : Object.values(entry)).map((text) => ({ id, text })),
    );

  for (const [language, file] of files) {
    it(`are in the order of the English ones, in ${language}`, () => {
      expect(Object.keys(file)).to.deep.equal(Object.keys(english));
    });

    it(`have no typewriter's marks and no stray spaces, in ${language}`, () => {
      const careless = /["']|--|\.\.\.|^\s|\s$| {2}| [?!;:,.»”](?!\))|« /;
      expect(textsOf(file).filter(({ text }) => careless.test(text))).to.deep.equal([]);
    });

    it(`name the number in each plural form that stands for several, in ${language}`, () => {
      const plurals = Object.entries(file).flatMap(([id, entry]) => (typeof entry === 'string' ? [] : [{ id, entry }]));
      const many = plurals.filter(({ entry }) => ['few', 'many', 'other'].some((form) => hides(entry[form])));
      expect(many.map(({ id }) => id)).to.deep.equal([]);
    });

    if (language === 'en') continue;
    it(`differ from the English text, in ${language}`, () => {
      const same = Object.entries(file).filter(([id, entry]) => {
        const original = (english as MessageFile)[id];
        return JSON.stringify(entry) === JSON.stringify(original) && !mayBeEnglish(String(entry));
      });
      expect(same).to.deep.equal([]);
    });
  }

  it('write Arabic from right to left, in its own letters', () => {
    const [, arabic] = files.find(([language]) => language === 'ar') ?? [];
    const foreign = textsOf(arabic ?? {}).filter(
      ({ id, text }) => !/[\u0600-\u06ff]/.test(text) && !mayBeEnglish(text, id),
    );
    expect(foreign.map(({ id }) => id)).to.deep.equal(['language.direction']);
    expect(arabic?.['language.direction']).to.equal('rtl');
  });

  function hides(form: string | undefined): boolean {
    return form?.includes('{count}') === false;
  }
});

type MessageFile = Record<string, string | Record<string, string>>;

/** Names, signs, and words that languages share. */
function mayBeEnglish(text: string, id = ''): boolean {
  const shared = ['Sallyport', 'ltr', 'Code', 'Name', 'Passkey', 'Browser', 'E-mail', 'SMS'];
  return id === 'language.name' || shared.includes(text) || !/\p{L}/u.test(text.replaceAll(/\{\w+\}/g, ''));
}

describe('createMessages', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'messages-'));
    write('en', { 'page.title': 'Hello {name}', 'login.notice.endsIn': { one: 'one day', other: '{count} days' } });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function write(language: string, messages: object): void {
    writeFileSync(path.join(folder, `${language}.json`), JSON.stringify(messages));
  }

  function translate(language: string, id: MessageId, params?: MessageParams): string {
    return createMessages(folder).messagesFor(language)(id, params);
  }

  it('fills in parameters, once', () => {
    expect(translate('en', 'page.title', { name: '{name} & <b>' })).to.equal('Hello {name} & <b>');
  });

  it('picks the plural form of the language and writes numbers its way', () => {
    write('pl', {
      'page.title': '{name}!',
      'login.notice.endsIn': { one: 'dzień', few: '{count} dni (few)', many: '{count} dni', other: '-' },
    });
    expect(translate('en', 'login.notice.endsIn', { count: 1 })).to.equal('one day');
    expect(translate('en', 'login.notice.endsIn', { count: 1234 })).to.equal('1,234 days');
    expect(translate('pl', 'login.notice.endsIn', { count: 3 })).to.equal('3 dni (few)');
    expect(translate('pl', 'login.notice.endsIn', { count: 5 })).to.equal('5 dni');
  });

  it('keeps names apart from a text that runs from right to left, and leaves digits alone', () => {
    write('he', {
      'page.title': 'שלום {name}',
      'login.notice.endsIn': { one: '1', two: '2', other: '{count}' },
      'language.direction': 'rtl',
    });
    write('en', {
      'page.title': 'Hello {name}',
      'login.notice.endsIn': { one: 'one day', other: '{count} days' },
      'language.direction': 'ltr',
    });
    expect(translate('he', 'page.title', { name: 'Ann (2)' })).to.equal('שלום \u2068Ann (2)\u2069');
    expect(translate('he', 'page.title', { name: '+41 ** 67' })).to.equal('שלום \u2068+41 ** 67\u2069');
    expect(translate('he', 'page.title', { name: '123456' })).to.equal('שלום 123456');
    expect(translate('he', 'login.notice.endsIn', { count: 7 })).to.equal('7');
    expect(translate('en', 'page.title', { name: 'Ann' })).to.equal('Hello Ann');
  });

  it('throws on an unknown id, a missing parameter and a missing count', () => {
    expect(() => translate('en', 'home.title')).to.throw('no message home.title');
    expect(() => translate('en', 'page.title')).to.throw('page.title needs {name}');
    expect(() => translate('en', 'page.title', { other: 'x' })).to.throw('page.title needs {name}');
    expect(() => translate('en', 'login.notice.endsIn')).to.throw('needs {count}');
    expect(() => createMessages(folder).messagesFor('de')).to.throw('language de');
  });

  it('refuses at the start a language that lacks a message, a parameter or a plural form', () => {
    for (const [messages, fault] of [
      [{ 'page.title': '{name}' }, 'lacks login.notice.endsIn'],
      [{ 'page.title': '{name}', 'login.notice.endsIn': { one: '1', other: '2' }, 'page.more': 'x' }, 'has page.more'],
      [{ 'page.title': 'Hallo', 'login.notice.endsIn': { one: '1', other: '2' } }, 'page.title: other {names}'],
      [
        { 'page.title': '{name}', 'login.notice.endsIn': { other: '2' } },
        'login.notice.endsIn: needs the forms one, other',
      ],
    ] as const) {
      write('de', messages);
      expect(() => createMessages(folder), fault).to.throw(fault);
    }
    write('de', { 'page.title': '', 'login.notice.endsIn': 'x' });
    expect(() => createMessages(folder)).to.throw();
  });

  it('needs the default language', () => {
    rmSync(path.join(folder, 'en.json'));
    expect(() => createMessages(folder)).to.throw('no en.json');
  });
});
