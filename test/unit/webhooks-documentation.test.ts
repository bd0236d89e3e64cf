// docs/webhooks.md and docs/audit.md: what a receiver copies runs, and every breach of the audit log is explained.

import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { newSecret, publicKeyOf, signatureOf } from '../../src/webhooks/signatures.ts';

const PAGE = readFileSync('docs/webhooks.md', 'utf8');

type IsGenuine = (key: string, headers: Record<string, string>, body: string, now?: number) => boolean;

async function documented(): Promise<IsGenuine> {
  const [, code = ''] = /^```js\n(.*?)^```/ms.exec(PAGE) ?? [];
  const module: { isGenuine?: IsGenuine } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  if (!module.isGenuine) throw new Error('the page shows no isGenuine');
  return module.isGenuine;
}

describe('docs/webhooks.md', () => {
  const body = '{"type":"user.created","data":{"name":"Zoë"}}';
  const now = 1_772_366_400;

  for (const algorithm of ['hmac-sha256', 'ed25519'] as const) {
    it(`verifies what is signed by ${algorithm}, and nothing else`, async () => {
      const isGenuine = await documented();
      const [secret, next, foreign] = [newSecret(algorithm), newSecret(algorithm), newSecret(algorithm)];
      const keyOf = (one: string) => publicKeyOf(one) ?? one;
      const headers = (secrets: string[], at = now) => ({
        'webhook-id': 'm-1',
        'webhook-timestamp': String(at),
        'webhook-signature': signatureOf(secrets, 'm-1', at, body),
      });
      expect(isGenuine(keyOf(secret), headers([secret]), body, now)).to.equal(true);
      for (const good of [secret, next]) {
        expect(isGenuine(keyOf(good), headers([next, secret]), body, now + 299)).to.equal(true);
      }
      expect(isGenuine(keyOf(secret), headers([foreign]), body, now)).to.equal(false);
      expect(isGenuine(keyOf(secret), headers([secret]), `${body} `, now)).to.equal(false);
      expect(isGenuine(keyOf(secret), { ...headers([secret]), 'webhook-id': 'm-2' }, body, now)).to.equal(false);
      expect(isGenuine(keyOf(secret), headers([secret]), body, now + 301)).to.equal(false);
      expect(isGenuine(keyOf(secret), {}, body, now)).to.equal(false);
    });
  }

  it('signs as the specification’s own example does', () => {
    const [secret, id] = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'msg_p5jXN8AQM9LWM0D4loKWxJek'];
    const signature = signatureOf([secret], id, 1_614_265_330, '{"test": 2432232314}');
    expect(signature).to.equal('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });
});

describe('docs/audit.md', () => {
  it('explains every breach', () => {
    const [, union = ''] = /^export type Breach =([^;]+);/m.exec(readFileSync('src/audit/verify.ts', 'utf8')) ?? [];
    const breaches = [...union.matchAll(/'([^']+)'/g)].map(([, breach = '']) => breach);
    expect(breaches).to.have.length.above(5);
    const explained = [...readFileSync('docs/audit.md', 'utf8').matchAll(/^\| `([a-z-]+)` +\|/gm)].map(
      ([, name = '']) => name,
    );
    expect(explained).to.have.members(breaches);
  });
});
