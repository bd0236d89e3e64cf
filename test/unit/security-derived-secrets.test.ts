import { expect } from 'chai';

import { derivedSecrets, newTenantSecret } from '../../src/security/derived-secrets.ts';

describe('secrets derived from a tenant’s own', () => {
  it('differ from each other and from another tenant’s', () => {
    const texts = [derivedSecrets('one'), derivedSecrets('two')].flatMap((secrets) => [
      secrets.cookieKey.toString('base64url'),
      secrets.csrfKey.export().toString('base64url'),
      secrets.pairwiseSalt,
      secrets.dpopNonceSecret.toString('base64url'),
      secrets.recoveryCodeKey.toString('base64url'),
      secrets.auditSealKey.toString('base64url'),
    ]);
    expect(new Set(texts)).to.have.lengthOf(12);
    for (const text of texts) expect(Buffer.from(text, 'base64url')).to.have.lengthOf(32);
  });

  it('never change, or every pairwise sub, session, recovery code and seal would be lost', () => {
    const secrets = derivedSecrets('a tenant’s one secret');
    expect(secrets.pairwiseSalt).to.equal('g0KUEaEzfxeOqsLcWOUcIkQP4Hdk4v8pYvFgfZaeIxM');
    expect(secrets.cookieKey.toString('base64url')).to.equal('iIpDPlR2yWDCvyinjZqxYk8oVCI3pasiTL8O7xFpE_8');
    expect(secrets.csrfKey.export().toString('base64url')).to.equal('gAx-_uNSQsSFJNCUxVcMxBt-KK2S0r7_G1TjqqOepDU');
    expect(secrets.dpopNonceSecret.toString('base64url')).to.equal('I2FH6o8R-tel5v6PldUwTeuSeb8JmHFz9hPtgoMUXQU');
    expect(secrets.recoveryCodeKey.toString('base64url')).to.equal('q3exbjz8BspB4PUzQCZga86aLzBTA7N4S-aYGq0YshQ');
  });

  it('start from 256 random bits', () => {
    expect(Buffer.from(newTenantSecret(), 'base64url')).to.have.lengthOf(32);
    expect(newTenantSecret()).not.to.equal(newTenantSecret());
  });
});
