// How far a login may have come, and policies to ask more of it, written briefly.

import type { LoginProgress, OwnedFactor } from '../../src/login/next-step.ts';
import type { FactorId } from '../../src/policy/factors.ts';
import { isWaiver } from '../../src/policy/proof.ts';
import type { Proof } from '../../src/policy/proof.ts';
import type { Policy, ProofQuestion } from '../../src/policy/required-proof.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';

export const NOW = 1_000_000;
export const ALL: FactorId[] = ['totp', 'passkey', 'sms', 'email', 'recovery-code'];

const METHODS: Partial<Record<Proof['factor'], string[]>> = { password: ['pwd'], passkey: ['hwk', 'user'] };

/** By a factor, so many seconds ago: `totp`, `totp 400`. */
export function proofOf(text: string): Proof {
  const [factor = '', age = '0'] = text.split(' ');
  const known = [...ALL, 'password' as const, 'trusted-device' as const, 'grace-period' as const];
  const found = known.find((one) => one === factor);
  if (!found) throw new Error(`no factor is called ${factor}`);
  return { factor: found, amr: METHODS[found] ?? [], at: NOW - Number(age) };
}

/** A factor that somebody has, used so many days ago: `totp`, `totp 3`, `sms#work 3`. Never used where no days are given. */
export function ownedOf(text: string): OwnedFactor {
  const [id = '', days] = text.split(' ');
  const { factor } = proofOf(id.split('#')[0] ?? '');
  if (factor === 'password' || isWaiver(factor)) throw new Error(`nobody has ${factor}`);
  return { id, factor, lastUsedAt: days === undefined ? undefined : new Date((NOW - Number(days) * 86_400) * 1000) };
}

export function policyOf(secondFactors: object, rest: object = {}): Policy {
  return tenantSettings.parse({ policy: { secondFactors, ...rest } }).policy;
}

export const NEVER = policyOf({ allowed: ALL, required: 'never' });
export const ALWAYS = policyOf({ allowed: ['totp', 'passkey', 'recovery-code'] });
export const EVERY = policyOf({ allowed: ALL });
export const TOTP = policyOf({ allowed: ['totp'], required: 'never' });
export const HOURLY = policyOf({ allowed: ['totp'], freshness: '1h' });
export const GRACE = policyOf({ allowed: ['totp', 'passkey'], grace: { days: 7 } });
export const TRUSTING = policyOf({ allowed: ['totp', 'passkey'] }, { trustedDevices: {} });
export const SET_UP = policyOf({ allowed: ALL, setUp: ['passkey', 'recovery-code'] });
export const SET_UP_GRACE = policyOf({ allowed: ['totp', 'passkey'], setUp: ['passkey'], grace: { days: 7 } });
export const SOME = policyOf({ allowed: ['totp'], required: { groups: ['admins'], roles: ['approver'] } });
export const SOME_SET_UP = policyOf({
  allowed: ['totp', 'passkey'],
  required: { roles: ['approver'] },
  setUp: ['passkey'],
});

export const ask = (...values: string[]) => ({ request: { values, essential: false } });
export const insist = (...values: string[]) => ({ request: { values, essential: true } });
export const admins = { groups: [{ id: 'g1', dn: 'cn=admins,o=acme', name: 'admins', nameIsUnique: true as const }] };
export const notice = { passwordExpiresIn: 86_400 };
export const client = (more: NonNullable<ProofQuestion['client']>) => ({ client: more });
export const forClerks = client({ allow: { groups: [], roles: ['clerk'] } });

export const START: LoginProgress = {
  proofs: [],
  inherited: false,
  notice: undefined,
  passwordChange: undefined,
  choice: undefined,
  enrolled: false,
  graceOpen: false,
  byLinkOnly: false,
  postponed: [],
};
export const NOBODY_ASKS = { client: undefined, request: undefined, groups: [], roles: [], now: NOW };
