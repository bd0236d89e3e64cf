import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'chai';

const VIEWS = path.join(import.meta.dirname, '..', '..', 'views');

/** What names a side of the screen, where a language decides which side it is (CSS Logical Properties and Values 1). */
const PHYSICAL = [
  /(?:^|[\s;{])(?:[a-z-]+-)?(?:left|right|top|bottom)(?:-[a-z]+)*\s*:/,
  /(?:^|[\s;{])(?:min-|max-)?(?:width|height)\s*:/,
  /\b(?:text-align|float|clear|caption-side|resize)\s*:\s*(?:left|right)\b/,
];

describe('The style sheets', () => {
  const sheets = globSync('**/*.css', { cwd: VIEWS });
  const templates = globSync('**/*.eta', { cwd: VIEWS }).filter((name) => !name.startsWith('email/'));

  it('are there', () => {
    expect(sheets).to.include(path.join('assets', 'app.css'));
  });

  for (const name of [...sheets, ...templates]) {
    it(`name no physical side, in ${name}`, () => {
      // Media queries know physical sizes only.
      const css = readFileSync(path.join(VIEWS, name), 'utf8').replaceAll(/\/\*[^]*?\*\/|@media[^{]*/g, '');
      const declarations = name.endsWith('.css') ? css : [...css.matchAll(/style="([^"]*)"/g)].join(';');
      expect(declarations.split('\n').filter((line) => PHYSICAL.some((rule) => rule.test(line)))).to.deep.equal([]);
    });
  }

  it('would be found out', () => {
    for (const bad of [
      'margin-left: 0',
      ' left: 0',
      '{top:0',
      'border-top-width: 1px',
      'max-width: 3em',
      'text-align: right',
    ]) {
      expect(
        PHYSICAL.some((rule) => rule.test(bad)),
        bad,
      ).to.equal(true);
    }
    for (const good of [
      'margin-inline-start: 0',
      'inset-block: 0',
      'text-align: start',
      'line-height: 1',
      'inline-size: 1px',
    ]) {
      expect(
        PHYSICAL.some((rule) => rule.test(good)),
        good,
      ).to.equal(false);
    }
  });
});
