import { createSecretKey, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { readFormBody } from '../../src/http/body.ts';
import { handleErrors } from '../../src/http/error-handler.ts';
import { assertCsrf, assertSameOrigin, csrfToken } from '../../src/security/browser-protection.ts';
import { closeAll, postForm, serve, silentLog } from './http-fixture.ts';

const KEY = createSecretKey(randomBytes(32));
const ORIGIN = 'https://id.example.com';
const UID = 'interaction-1';

describe('browser protection', () => {
  let url: string;

  beforeEach(async () => {
    ({ url } = await serve([
      handleErrors({ renderErrorPage: () => '', log: silentLog }),
      async (ctx) => {
        assertSameOrigin(ctx, ORIGIN);
        const { csrf = '' } = await readFormBody(ctx);
        assertCsrf(KEY, UID, csrf);
        ctx.body = { code: 'done' };
      },
    ]));
  });
  afterEach(closeAll);

  async function outcome(token: string, headers: Record<string, string> = {}): Promise<string> {
    const { status, body } = await postForm(url, new URLSearchParams({ csrf: token }).toString(), headers);
    const { code }: { code: string } = JSON.parse(body);
    return `${String(status)} ${code}`;
  }

  const token = csrfToken(KEY, UID);

  const ours: Record<string, string>[] = [
    {},
    { Origin: ORIGIN },
    { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' },
    { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' },
    { Origin: 'null' },
    { 'Sec-Fetch-Site': 'none' },
  ];
  for (const headers of ours) {
    it(`lets a form of ours pass with ${JSON.stringify(headers)}`, async () => {
      expect(await outcome(token, headers)).to.equal('200 done');
    });
  }

  const foreign: Record<string, string>[] = [
    { Origin: 'https://evil.example' },
    { Origin: 'https://id.example.com.evil.example' },
    { Origin: 'http://id.example.com' },
    { Origin: 'https://id.example.com:8443' },
    { Origin: ORIGIN, 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' },
    { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' },
  ];
  for (const headers of foreign) {
    it(`refuses, even with the right token, ${JSON.stringify(headers)}`, async () => {
      expect(await outcome(token, headers)).to.equal('403 forbidden_origin');
    });
  }

  for (const [what, wrong] of [
    ['an empty token', ''],
    ['a token of another context', csrfToken(KEY, 'interaction-2')],
    ['a token of another tenant', csrfToken(createSecretKey(randomBytes(32)), UID)],
    ['a token cut short', token.slice(0, -1)],
    ['a token with something after it', `${token}x`],
    ['a token of the right length in other characters', 'ä'.repeat(token.length)],
  ] as const) {
    it(`refuses ${what}`, async () => {
      expect(await outcome(wrong, { Origin: ORIGIN })).to.equal('403 invalid_form');
    });
  }

  it('gives one token for one context', () => {
    expect(csrfToken(KEY, UID))
      .to.equal(token)
      .and.to.match(/^[\w-]{43}$/);
  });
});
