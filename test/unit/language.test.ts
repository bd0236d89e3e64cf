import { expect } from 'chai';

import { chooseLanguage } from '../../src/http/language.ts';

describe('chooseLanguage', () => {
  const available = ['en', 'de', 'pt-BR', 'zh-Hant'] as const;

  for (const [name, wishes, chosen] of [
    ['the default for no wish', {}, 'en'],
    ['the default for wishes that cannot be met', { uiLocales: 'xx yy', acceptLanguage: 'fr, *;q=0.5' }, 'en'],
    ['what the app asks before all else', { uiLocales: 'de', cookie: 'pt-BR', acceptLanguage: 'en' }, 'de'],
    ['the first of the locales of the app that there is', { uiLocales: 'fr pt-BR de' }, 'pt-BR'],
    ['the cookie before the browser', { cookie: 'de', acceptLanguage: 'en' }, 'de'],
    ['the browser before the tenant', { acceptLanguage: 'de', tenant: 'pt-BR' }, 'de'],
    ['the tenant before the default', { acceptLanguage: 'fr', tenant: 'de' }, 'de'],
    ['the browser by weight', { acceptLanguage: 'en;q=0.3, de;q=0.8 , fr' }, 'de'],
    ['nothing of weight 0', { acceptLanguage: 'de;q=0, pt-BR;q=0.1' }, 'pt-BR'],
    ['a language for its region', { acceptLanguage: 'de-CH-1996' }, 'de'],
    ['a region for its language', { acceptLanguage: 'pt' }, 'pt-BR'],
    ['whatever the case', { acceptLanguage: 'ZH-HANT-tw' }, 'zh-Hant'],
    ['the default for nonsense', { uiLocales: '   ', cookie: '../../etc', acceptLanguage: ';q=x,,-,de;q=oops' }, 'en'],
  ] as const) {
    it(`takes ${name}`, () => {
      expect(chooseLanguage(available, wishes)).to.equal(chosen);
    });
  }
});
