import { expect } from 'chai';

import { secretsNow } from '../../src/oidc/client-secrets.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const [before, later] = [new Date(NOW.getTime() - 1), new Date(NOW.getTime() + 1)];

describe('the secrets of a client that the protocol library sees', () => {
  const made = (secret: string, expiresAt?: Date) => ({ secret, expiresAt });
  const seen = (secret: string | undefined, secrets: ReturnType<typeof made>[]) => secretsNow({ secret, secrets }, NOW);

  it('are the one of the configuration file', () => {
    expect(seen('of the file', [])).to.deep.equal({ client_secret: 'of the file' });
  });
  it('are the newest, and the others beside it', () => {
    const secrets = [made('new'), made('old', later)];
    expect(seen(undefined, secrets)).to.deep.equal({ client_secret: 'new', otherSecrets: ['old'] });
  });
  it('are none that has expired, to the millisecond', () => {
    expect(seen(undefined, [made('new'), made('old', NOW)])).to.deep.equal({ client_secret: 'new' });
    expect(seen(undefined, [made('new', before), made('old', later)])).to.deep.equal({ client_secret: 'old' });
  });
  it('are said to have expired where all have', () => {
    const secrets = [made('new', before), made('old', before)];
    expect(seen(undefined, secrets)).to.deep.equal({ client_secret: 'new', client_secret_expires_at: 1 });
  });
  it('are none of a client that has none', () => {
    expect(seen(undefined, [])).to.deep.equal({ client_secret: undefined });
  });
});
