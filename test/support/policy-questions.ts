// Policies and questions about what was proven, as the tests of policy/ put them.

import type { Proof } from '../../src/policy/proof.ts';
import type { Policy, ProofQuestion } from '../../src/policy/required-proof.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';

export const NOW = 1_000_000;

const METHODS: Record<Proof['factor'], string[]> = {
  password: ['pwd'],
  totp: ['otp'],
  sms: ['otp', 'sms'],
  email: ['otp'],
  passkey: ['hwk', 'user'],
  'recovery-code': ['otp'],
  'trusted-device': [],
  'grace-period': [],
};

/** `age`: seconds. */
export function proof(factor: Proof['factor'], age = 0): Proof {
  return { factor, amr: METHODS[factor], at: NOW - age };
}

export const password = proof('password');
export const totp = proof('totp');
export const device = proof('trusted-device');
export const grace = proof('grace-period');

export function policyOf(policy: object): Policy {
  return tenantSettings.parse({ policy }).policy;
}

export function question(policy: object, rest: Partial<ProofQuestion> = {}): ProofQuestion {
  return { policy: policyOf(policy), client: undefined, request: undefined, groups: [], roles: [], now: NOW, ...rest };
}

export const required = (value: unknown, more: object = {}) => ({ secondFactors: { required: value, ...more } });
export const finance = { id: '0b7e1a52-6f1c-4a0e-9a51-0c5a3f1e9d11', dn: 'cn=Finance,o=acme', name: 'finance' };
export const ask = (...values: string[]) => ({ request: { values, essential: false } });
export const allow = (groups: string[], roles: string[] = []) => ({ client: { allow: { groups, roles } } });
