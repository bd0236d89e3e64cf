// Links of the documentation lead somewhere: files that are there, and headings that they have.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'chai';

const PAGES = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);

describe('links of the documentation', () => {
  for (const page of PAGES) {
    it(`lead somewhere from ${page}`, () => {
      const targets = [...proseOf(page).matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, target = '']) => target);
      const broken = targets.filter((target) => !leadsSomewhere(page, target));
      expect(broken).to.deep.equal([]);
    });
  }

  it('are looked at', () => {
    expect(PAGES).to.have.length.above(8);
    expect(leadsSomewhere('README.md', 'docs/policy.md#freshness')).to.equal(true);
    expect(leadsSomewhere('README.md', 'docs/policy.md#no-such-heading')).to.equal(false);
  });
});

function leadsSomewhere(page: string, target: string): boolean {
  const [file = '', heading] = target.split('#');
  const found = file === '' ? page : path.join(path.dirname(page), file);
  return existsSync(found) && (heading === undefined || anchorsOf(found).includes(heading));
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  const headings = [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Without code, in which `#` and `](` mean something else. */
function proseOf(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^```.*?^```/gms, '');
}
