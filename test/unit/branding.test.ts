import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'chai';

import { brandColours, brandStyle, contrast, DARK_GROUND, LIGHT_GROUND } from '../../src/http/branding.ts';

const COLOURS = [
  ...['#000000', '#ffffff', '#1f4e8c', '#ffd23f', '#e8590c', '#767676', '#FF0000', '#00ff00', '#0000ff', '#123456'],
  ...Array.from({ length: 64 }, (_, i) => `#${(i * 262_657 + 4_099).toString(16).padStart(6, '0').slice(-6)}`),
];
const GROUNDS = { light: LIGHT_GROUND, dark: DARK_GROUND };

describe('contrast', () => {
  it('is the ratio of WCAG', () => {
    expect(contrast('#000000', '#ffffff')).to.be.closeTo(21, 0.001);
    expect(contrast('#777777', '#ffffff')).to.be.closeTo(4.48, 0.005);
    expect(contrast('#1f4e8c', '#1f4e8c')).to.equal(1);
  });
});

describe('brandColours', () => {
  for (const scheme of ['light', 'dark'] as const) {
    it(`are readable for any colour in the ${scheme}`, () => {
      for (const colour of COLOURS) {
        const { fill, onFill, hover, edge, accent } = brandColours(colour, scheme);
        expect(contrast(onFill, fill), `${colour}: text on ${fill}`).to.be.at.least(4.5);
        expect(contrast(onFill, hover), `${colour}: text on ${hover}`).to.be.at.least(4.5);
        expect(contrast(edge, GROUNDS[scheme]), `${colour}: edge ${edge}`).to.be.at.least(3);
        expect(contrast(accent, GROUNDS[scheme]), `${colour}: links ${accent}`).to.be.at.least(4.5);
      }
    });
  }

  it('leave a colour alone that is readable as it is', () => {
    expect(brandColours('#1F4E8C', 'light')).to.include({ fill: '#1f4e8c', onFill: '#ffffff', accent: '#1f4e8c' });
    expect(brandColours('#ffd23f', 'dark')).to.include({ fill: '#ffd23f', onFill: '#000000', accent: '#ffd23f' });
  });

  it('refuse what is no colour', () => {
    expect(() => brandColours('red', 'light')).to.throw('red is no colour');
    expect(() => brandStyle('#fff}body{display:none')).to.throw('no colour');
  });
});

describe('The style sheet', () => {
  const css = readFileSync(path.join(import.meta.dirname, '../../views/assets/app.css'), 'utf8');
  const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');

  function property(part: string, name: string): string {
    return new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(part)?.[1] ?? `no --${name}`;
  }

  it('has the grounds that the colours of tenants are measured against, and none worse', () => {
    expect(property(light, 'ground')).to.equal(LIGHT_GROUND);
    expect(property(dark, 'card')).to.equal(DARK_GROUND);
    expect(contrast('#000000', property(light, 'card'))).to.be.above(contrast('#000000', LIGHT_GROUND));
    expect(contrast('#ffffff', property(dark, 'ground'))).to.be.above(contrast('#ffffff', DARK_GROUND));
  });

  it('has edges of fields that can be seen (WCAG 1.4.11)', () => {
    for (const part of [light, dark]) {
      expect(contrast(property(part, 'field-edge'), property(part, 'card'))).to.be.at.least(3);
    }
  });
});
