import { expect } from 'chai';

import { chooseLanguage } from '../../src/http/language.ts';
import type { LanguageWishes } from '../../src/http/language.ts';

describe('chooseLanguage', () => {
  const available = ['en', 'de', 'pt-BR', 'zh-Hant'] as const;

  const cases: [name: string, wishes: LanguageWishes, chosen: string][] = [
    ['the default for no wish', {}, 'en'],
    ['the default for wishes that cannot be met', { uiLocales: ['xx yy'], acceptLanguage: 'fr, *;q=0.5' }, 'en'],
    ['what the page asks before the app', { uiLocales: ['de', 'pt-BR'] }, 'de'],
    ['what the app asks where the page asks nothing', { uiLocales: [undefined, 'de'], locale: 'pt-BR' }, 'de'],
    ['what the app asks where the page cannot be met', { uiLocales: ['xx', 'de'] }, 'de'],
    ['the first of the locales of the app that there is', { uiLocales: ['fr pt-BR de'] }, 'pt-BR'],
    ['the person before the cookie', { locale: 'de', cookie: 'pt-BR', acceptLanguage: 'pt-BR' }, 'de'],
    ['the person as a directory writes it', { locale: 'pt;q=0.2, de_CH' }, 'de'],
    ['the cookie before the browser', { cookie: 'de', acceptLanguage: 'pt-BR' }, 'de'],
    ['the browser before the tenant', { acceptLanguage: 'de', tenant: 'pt-BR' }, 'de'],
    ['the tenant before the default', { acceptLanguage: 'fr', tenant: 'de' }, 'de'],
    ['the browser by weight', { acceptLanguage: 'en;q=0.3, de;q=0.8 , fr' }, 'de'],
    ['nothing of weight 0', { acceptLanguage: 'de;q=0, pt-BR;q=0.1' }, 'pt-BR'],
    ['a language for its region', { acceptLanguage: 'de-CH-1996' }, 'de'],
    ['a region for its language', { acceptLanguage: 'pt' }, 'pt-BR'],
    ['whatever the case', { acceptLanguage: 'ZH-HANT-tw' }, 'zh-Hant'],
    [
      'the default for nonsense',
      { uiLocales: ['   '], cookie: '../../etc', acceptLanguage: ';q=x,,-,de;q=oops' },
      'en',
    ],
  ];

  for (const [name, wishes, chosen] of cases) {
    it(`takes ${name}`, () => {
      expect(chooseLanguage(available, wishes)).to.equal(chosen);
    });
  }
});
