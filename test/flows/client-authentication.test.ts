import { expect } from 'chai';
import { decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose';
import * as oidc from 'openid-client';

import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { createApp, refusalOf, registration, SECRET } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

describe('a client', () => {
  let server: Sallyport;
  let issuer: string;
  let robotKeys: oidc.CryptoKeyPair;
  let pia: Employee;
  /** Pia has signed in here. */
  let browser: UserAgent;

  before(async () => {
    const organisation = await createOrganisation('clients');
    pia = await organisation.addPerson('pia');
    robotKeys = await generateKeyPair('ES256', { extractable: true });
    const publicKey = { ...(await exportJWK(robotKeys.publicKey)), kid: 'robot', alg: 'ES256' };
    const withKey = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicKey] } };
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: {
            orders: registration(),
            guessed: registration(),
            post: registration({ token_endpoint_auth_method: 'client_secret_post' }),
            hmac: registration({ token_endpoint_auth_method: 'client_secret_jwt' }),
            key: registration({ client_secret: undefined, ...withKey }),
            phone: registration({ client_secret: undefined, token_endpoint_auth_method: 'none' }),
            elliptic: registration({ id_token_signed_response_alg: 'ES256' }),
          },
        },
      },
    });
    issuer = server.issuer('acme');
    ({ browser } = await (await createApp(issuer)).signIn(pia));
  });
  after(() => server.stop());

  const methods: [string, (keys: oidc.CryptoKeyPair) => oidc.ClientAuth][] = [
    ['orders', () => oidc.ClientSecretBasic(SECRET)],
    ['post', () => oidc.ClientSecretPost(SECRET)],
    ['hmac', () => oidc.ClientSecretJwt(SECRET)],
    ['key', ({ privateKey }) => oidc.PrivateKeyJwt({ key: privateKey, kid: 'robot' })],
    ['phone', () => oidc.None()],
  ];
  for (const [clientId, authenticationBy] of methods) {
    it(`as ${clientId} is let in by its own method`, async () => {
      const app = await createApp(issuer, { clientId, authentication: authenticationBy(robotKeys) });
      const { tokens } = await app.signIn(pia, { browser });
      expect((await app.refresh(tokens)).access_token).to.be.a('string');
    });
  }

  it('with a wrong secret or key is refused, and by a method that it is not registered for', async () => {
    const otherKeys = await generateKeyPair('ES256');
    const wrong: [string, oidc.ClientAuth][] = [
      ['orders', oidc.ClientSecretBasic('a wrong secret')],
      ['orders', oidc.None()],
      ['post', oidc.ClientSecretPost('a wrong secret')],
      ['hmac', oidc.ClientSecretJwt('a wrong secret')],
      ['key', oidc.PrivateKeyJwt({ key: otherKeys.privateKey, kid: 'robot' })],
      ['nobody', oidc.ClientSecretBasic(SECRET)],
    ];
    for (const [clientId, authentication] of wrong) {
      const app = await createApp(issuer, { clientId, authentication });
      const tried = oidc.refreshTokenGrant(app.config, 'whatever');
      expect(await refusalOf(tried), clientId).to.equal('invalid_client');
    }
  });

  it('may use an assertion once', async () => {
    const { config } = await createApp(issuer, { clientId: 'hmac' });
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'whatever' });
    await oidc.ClientSecretJwt(SECRET)(config.serverMetadata(), config.clientMetadata(), body, new Headers());
    const errors: unknown[] = [];
    for (let time = 0; time < 2; time++) {
      const answer = await fetch(`${issuer}/token`, { method: 'POST', body });
      errors.push(((await answer.json()) as { error: unknown }).error);
    }
    expect(errors).to.deep.equal(['invalid_grant', 'invalid_client']);
  });

  it('whose secret is being guessed is closed for the guesser, and for nobody else', async () => {
    const guessing = await createApp(issuer, {
      clientId: 'guessed',
      authentication: oidc.ClientSecretBasic('a wrong secret'),
    });
    for (let time = 0; time < 20; time++) await refusalOf(oidc.refreshTokenGrant(guessing.config, 'whatever'));
    const knowing = await createApp(issuer, { clientId: 'guessed' });
    expect(await refusalOf(oidc.refreshTokenGrant(knowing.config, 'whatever'))).to.equal('invalid_client');
    const other = await createApp(issuer);
    expect(await refusalOf(oidc.refreshTokenGrant(other.config, 'whatever'))).to.equal('invalid_grant');
  });

  it('gets ID tokens signed by RS256, or as it is registered', async () => {
    const usual = await (await createApp(issuer)).signIn(pia, { browser });
    expect(decodeProtectedHeader(usual.tokens.id_token ?? '').alg).to.equal('RS256');
    const metadata = { id_token_signed_response_alg: 'ES256' };
    const elliptic = await createApp(issuer, { clientId: 'elliptic', metadata });
    const { tokens } = await elliptic.signIn(pia, { browser });
    expect(decodeProtectedHeader(tokens.id_token ?? '').alg).to.equal('ES256');
  });
});
