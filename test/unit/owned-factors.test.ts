import { expect } from 'chai';

import type { FactorId } from '../../src/policy/factors.ts';
import { createOwnedFactors } from '../../src/second-factors/owned-factors.ts';
import type { Enrolment } from '../../src/second-factors/second-factor.ts';
import type { User, UserEntry, UserProfile } from '../../src/users/users.ts';
import { tenantOf } from '../support/second-factors.ts';

const CHECKED = new Date('2030-06-01T12:00:00Z');
const CONTACTS = { email: 'Ann@Example.COM', phoneNumber: '+41 79 123 45 67' };
const ALL: FactorId[] = ['totp', 'sms', 'email', 'recovery-code'];

const ENTRY: UserEntry = {
  id: 'corp',
  stableId: 'entryUUID:one',
  dn: 'uid=ann,dc=example',
  groups: [],
  state: 'enabled',
  checkedAt: CHECKED,
};

function enrolled(factor: FactorId, secret: string, more: Partial<Enrolment> = {}): Enrolment {
  return { id: `of-${factor}`, factor, name: 'Mine', secret, createdAt: CHECKED, lastUsedAt: undefined, ...more };
}

function ann(profile: UserProfile, directory: UserEntry | undefined = ENTRY): User {
  const common = {
    id: 'ann',
    tenantId: 't',
    username: 'ann',
    status: 'active',
    lastLoginAt: undefined,
    groups: [],
    proofGeneration: 0,
  } as const;
  return { ...common, profile, directory, local: directory ? undefined : { name: 'ann' } };
}

function kept(enrolments: Enrolment[], usedAt: { email?: Date; sms?: Date } = {}) {
  return { list: async () => enrolments, contactsUsedAt: async () => usedAt };
}

async function owned(user: User, enrolments: Enrolment[] = [], policy: object = {}): Promise<string[]> {
  const ownedFactors = createOwnedFactors({ enrolments: kept(enrolments) });
  const tenant = tenantOf('t', { secondFactors: { allowed: ALL }, sms: { country: 'CH' }, ...policy });
  return (await ownedFactors(tenant, user)).map(({ id, secret }) => `${id} ${secret}`.trim());
}

describe('the factors that a person has', () => {
  it('are those that are enrolled, and the contacts that the directory vouches for', async () => {
    expect(await owned(ann(CONTACTS), [enrolled('totp', 'seed')])).to.deep.equal([
      'of-totp seed',
      'directory-email Ann@example.com',
      'directory-sms +41791234567',
    ]);
  });

  it('have the directory’s contacts without a name, as old as its last answer', async () => {
    const ownedFactors = createOwnedFactors({ enrolments: kept([]) });
    const [address] = await ownedFactors(tenantOf('t'), ann({ email: 'ann@example.com' }));
    expect(address).to.deep.equal({
      id: 'directory-email',
      factor: 'email',
      name: '',
      secret: 'ann@example.com',
      createdAt: CHECKED,
      lastUsedAt: undefined,
      vouchedFor: true,
    });
  });

  it('have the directory’s contacts with when each was last used', async () => {
    const sms = new Date('2030-05-01T12:00:00Z');
    const ownedFactors = createOwnedFactors({ enrolments: kept([enrolled('totp', 'seed')], { sms }) });
    const used = (await ownedFactors(tenantOf('t'), ann(CONTACTS))).map(({ id, lastUsedAt }) => [id, lastUsedAt]);
    expect(used).to.deep.equal([
      ['of-totp', undefined],
      ['directory-email', undefined],
      ['directory-sms', sms],
    ]);
  });

  it('name a contact once that was enrolled as well', async () => {
    const enrolments = [enrolled('sms', '+41791234567'), enrolled('email', 'other@example.com')];
    expect(await owned(ann(CONTACTS), enrolments)).to.deep.equal([
      'of-sms +41791234567',
      'of-email other@example.com',
      'directory-email Ann@example.com',
    ]);
  });

  it('leave out what the tenant does not allow', async () => {
    const enrolments = [enrolled('totp', 'seed'), enrolled('passkey', 'key')];
    expect(await owned(ann(CONTACTS), enrolments, { secondFactors: { allowed: ['passkey'] } })).to.deep.equal([
      'of-passkey key',
    ]);
  });

  it('leave out recovery codes when none is left', async () => {
    expect(await owned(ann({}), [enrolled('recovery-code', '', { remaining: 0 })])).to.deep.equal([]);
    expect(await owned(ann({}), [enrolled('recovery-code', '', { remaining: 1 })])).to.deep.equal(['of-recovery-code']);
  });

  it('leave out contacts that the tenant does not trust, or that are of an account that lives here', async () => {
    expect(await owned(ann(CONTACTS), [], { trustDirectoryContacts: false })).to.deep.equal([]);
    expect(await owned({ ...ann(CONTACTS), directory: undefined })).to.deep.equal([]);
  });

  it('leave out what is no address, no mobile number, or in a country that nothing is sent to', async () => {
    expect(await owned(ann({ email: 'at home', phoneNumber: 'none' }))).to.deep.equal([]);
    expect(await owned(ann({ phoneNumber: CONTACTS.phoneNumber }), [], { sms: { countries: ['DE'] } })).to.deep.equal(
      [],
    );
    expect(await owned(ann({ phoneNumber: CONTACTS.phoneNumber }), [], { sms: {} })).to.deep.equal([]);
  });

  it('read a number without its country as the tenant’s', async () => {
    expect(await owned(ann({ phoneNumber: '079 123 45 67' }), [], { sms: { country: 'CH' } })).to.deep.equal([
      'directory-sms +41791234567',
    ]);
  });
});
