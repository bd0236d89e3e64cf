import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import type { Middleware } from 'koa';
import Provider, { type Adapter } from 'oidc-provider';
import { allowFormTarget, securityHeaders } from '../../src/http/security-headers.ts';
import { handleErrors } from '../../src/http/error-handler.ts';
import { ask, closeAll, serve, silentLog } from './http-fixture.ts';

const page: Middleware = (ctx) => {
  ctx.body = `<style nonce="${String(ctx.state.cspNonce)}"></style>`;
};

const nothing = () => Promise.resolve(undefined);
const storesNothing: Adapter = {
  upsert: nothing,
  find: nothing,
  findByUid: nothing,
  findByUserCode: nothing,
  consume: nothing,
  destroy: nothing,
  revokeByGrantId: nothing,
};

function directives(csp: unknown): Record<string, string[]> {
  return Object.fromEntries(
    String(csp)
      .split(';')
      .map((directive) => directive.trim().split(/\s+/))
      .map(([name = '', ...values]) => [name, values]),
  );
}

describe('securityHeaders', () => {
  afterEach(closeAll);

  it('allow nothing but what the pages need', async () => {
    const { url } = await serve([securityHeaders({ https: true }), page]);
    const { headers } = await ask(url);
    expect(headers).to.include({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': 'max-age=31536000',
    });
    expect(headers['permissions-policy']).to.contain('publickey-credentials-get=(self)');
    expect(headers).not.to.have.property('cross-origin-opener-policy');
    const csp = directives(headers['content-security-policy']);
    expect(csp).to.deep.include({
      'default-src': ["'none'"],
      'form-action': ["'self'"],
      'frame-ancestors': ["'none'"],
      'base-uri': ["'none'"],
      'img-src': ["'self'", 'data:'],
    });
    expect(headers['content-security-policy']).not.to.contain('unsafe');
  });

  it('give each answer a nonce of its own, which the template knows', async () => {
    const { url } = await serve([securityHeaders({ https: true }), page]);
    const nonces = new Set<string>();
    for (const { headers, body } of [await ask(url), await ask(url)]) {
      const nonce = /nonce="([\w-]{22})"/.exec(body)?.[1] ?? '';
      nonces.add(nonce);
      const csp = directives(headers['content-security-policy']);
      expect(csp['script-src']).to.include(`'nonce-${nonce}'`);
      expect(csp['style-src']).to.include(`'nonce-${nonce}'`);
    }
    expect(nonces.size).to.equal(2);
  });

  it('send no HSTS over plain http', async () => {
    const { url } = await serve([securityHeaders({ https: false }), page]);
    expect((await ask(url)).headers).not.to.have.property('strict-transport-security');
  });

  it('stay on an error', async () => {
    const { url } = await serve([
      securityHeaders({ https: true }),
      handleErrors({ renderErrorPage: () => '', log: silentLog }),
    ]);
    const { status, headers } = await ask(url);
    expect(status).to.equal(404);
    expect(headers).to.include.keys('content-security-policy', 'strict-transport-security', 'x-content-type-options');
  });

  it('let an endpoint set its own caching', async () => {
    const { url } = await serve([
      securityHeaders({ https: true }),
      (ctx) => {
        ctx.set('Cache-Control', 'public, max-age=300');
        ctx.body = { keys: [] };
      },
    ]);
    expect((await ask(url)).headers['cache-control']).to.equal('public, max-age=300');
  });

  for (const [uri, source] of [
    ['https://app.example.com/cb?x=1', 'https://app.example.com'],
    ['http://localhost:8080/cb', 'http://localhost:8080'],
    ['com.example.app:/cb', 'com.example.app:'],
  ] as const) {
    it(`let a form reach ${uri} where that is allowed`, async () => {
      const { url } = await serve([
        securityHeaders({ https: true }),
        (ctx) => {
          allowFormTarget(ctx, uri);
          ctx.body = '';
        },
      ]);
      const csp = directives((await ask(url)).headers['content-security-policy']);
      expect(csp['form-action']).to.deep.equal(["'self'", source]);
    });
  }

  it('take the hash of the form_post script that oidc-provider adds', async () => {
    const redirect_uri = 'https://app.example.com/cb';
    const provider = new Provider('http://id.example.com', {
      clients: [{ client_id: 'app', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' }],
      adapter: () => storesNothing,
      jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
      cookies: { keys: ['a key for this test only'] },
      features: { devInteractions: { enabled: false } },
    });
    const answer = provider.callback();
    const { url } = await serve([
      securityHeaders({ https: false }),
      (ctx) => {
        ctx.respond = false;
        return answer(ctx.req, ctx.res);
      },
    ]);
    const query = new URLSearchParams({
      client_id: 'app',
      response_type: 'code',
      response_mode: 'form_post',
      redirect_uri,
      prompt: 'none',
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    });
    const { headers, body } = await ask(`${url}/auth?${query.toString()}`);
    expect(body).to.contain('login_required').and.to.contain('<script>');
    const csp = directives(headers['content-security-policy']);
    expect(csp['script-src']?.at(-1)).to.match(/^'sha256-/);
    expect(csp['default-src']).to.deep.equal(["'none'"]);
  });
});
