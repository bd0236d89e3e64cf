import { expect } from 'chai';

import { browserName } from '../../src/http/browser-name.ts';

describe('the name of a browser', () => {
  const windows =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
  for (const [userAgent, name] of [
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox, Linux'],
    [windows, 'Chrome, Windows'],
    [`${windows} Edg/140.0.0.0`, 'Edge, Windows'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
      'Safari, iPhone',
    ],
    [
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
      'Chrome, Android',
    ],
    ['curl/8.5.0', undefined],
    ['Call +1 900 555 0100 now', undefined],
    [undefined, undefined],
  ] as const) {
    it(`of ${userAgent?.slice(0, 60) ?? 'nothing'} is ${name ?? 'unknown'}`, () => {
      expect(browserName(userAgent)).to.equal(name);
    });
  }
});
