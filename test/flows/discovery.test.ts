import { expect } from 'chai';
import { z } from 'zod';

import { createApp, registration } from '../support/relying-party.ts';
import { directoryOf, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

describe('discovery', () => {
  let server: Sallyport;
  let issuer: string;

  before(async () => {
    const people = await directoryOf('acme');
    server = await startSallyport({
      tenants: { acme: { name: 'Acme', directories: { people }, clients: { orders: registration() } } },
    });
    issuer = server.issuer('acme');
  });
  after(() => server.stop());

  it('describes the issuer at the three places where clients look', async () => {
    const places = [
      `${issuer}/.well-known/openid-configuration`,
      `${server.publicUrl}/.well-known/openid-configuration/t/acme`,
      `${server.publicUrl}/.well-known/oauth-authorization-server/t/acme`,
    ];
    for (const place of places) {
      const answer = await fetch(place);
      expect(answer.headers.get('cache-control'), place).to.equal('public, max-age=300');
      expect(await answer.json(), place).to.include({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/me`,
        jwks_uri: `${issuer}/jwks`,
        end_session_endpoint: `${issuer}/session/end`,
        introspection_endpoint: `${issuer}/token/introspection`,
        revocation_endpoint: `${issuer}/token/revocation`,
        authorization_response_iss_parameter_supported: true,
      });
    }
  });

  it('offers no more than is meant to be used', async () => {
    const metadata = (await createApp(issuer)).config.serverMetadata();
    expect(metadata).to.deep.include({
      // `none` is for the account pages, and no registered client has it.
      response_types_supported: ['code', 'none'],
      code_challenge_methods_supported: ['S256'],
      scopes_supported: ['openid', 'offline_access', 'profile', 'email', 'phone', 'groups', 'roles'],
      acr_values_supported: ['sfa', '2sv', 'mfa', 'phr'],
      claim_types_supported: ['normal', 'distributed'],
      subject_types_supported: ['public'],
    });
    const { grant_types_supported: grantTypes, id_token_signing_alg_values_supported: algorithms } = metadata;
    expect(grantTypes).to.have.members(['authorization_code', 'refresh_token', 'client_credentials']);
    expect(algorithms).to.have.members(['RS256', 'ES256']);
  });

  it('publishes the key that signs and the next one, and no private part', async () => {
    const answer = await fetch(`${issuer}/jwks`);
    const { keys } = jwks.parse(await answer.json());
    expect(answer.headers.get('cache-control')).to.equal('public, max-age=300');
    expect(keys.map((key) => key.alg)).to.have.members(['RS256', 'RS256', 'ES256', 'ES256']);
    expect(new Set(keys.map((key) => key.kid)).size).to.equal(4);
    for (const key of keys) expect(key).not.to.have.any.keys('d', 'p', 'q', 'dp', 'dq', 'qi');
  });
});
