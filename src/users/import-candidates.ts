// What a row of an import asks for, checked without asking anything but the row itself and the tenant's policy.

import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { canonicalAddress } from '../second-factors/contacts.ts';
import { canonicalNumber } from '../second-factors/phone-number.ts';
import type { NewEnrolment } from '../second-factors/second-factor.ts';
import { totpSecret } from '../second-factors/totp.ts';
import { checkImportedHash } from '../security/foreign-hashes.ts';
import type { HashRefusal } from '../security/foreign-hashes.ts';
import { normalizeLoginName } from '../security/login-name.ts';
import { checkPassword } from '../security/password-policy.ts';
import { isPassword } from '../security/password-text.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { PROFILE_MEMBERS, importRow } from './import-rows.ts';
import type { ImportRow, SourceRow } from './import-rows.ts';
import { knownWordsOf } from './new-password.ts';
import { LOCAL_SUFFIX } from './users.ts';
import type { UserProfile, UserStatus } from './users.ts';

/** A JSON pointer to the member, and what is wrong with it; never its value. */
export interface RowError {
  pointer: string;
  detail: string;
}

/** A row that can be applied as far as it alone tells. */
export interface Candidate {
  row: number;
  /** As names are compared. */
  name: string;
  userName: string;
  status: UserStatus | undefined;
  profile: UserProfile;
  password: string | undefined;
  passwordHash: string | undefined;
  roles: readonly string[];
  /** Names or ids of groups that live here. */
  groups: readonly string[];
  factors: readonly NewEnrolment[];
}

export type Checked = { ok: true; value: Candidate } | { ok: false; userName?: string | undefined; errors: RowError[] };

export function checkRow(tenant: Tenant, { row, value, problem }: SourceRow): Checked {
  if (problem !== undefined) return { ok: false, errors: [{ pointer: '#', detail: problem }] };
  const parsed = importRow.safeParse(value);
  if (!parsed.success) return { ok: false, userName: userNameIn(value), errors: parsed.error.issues.flatMap(errorsOf) };
  const { data } = parsed;
  const { userName } = data;
  const typed = userName.toLowerCase().endsWith(LOCAL_SUFFIX) ? userName.slice(0, -LOCAL_SUFFIX.length) : userName;
  const name = normalizeLoginName(typed);
  const errors = [...errorsInPassword(tenant, data, typed)];
  if (!name.ok) errors.push(at('userName', 'is no login name'));
  if (data.directory !== undefined) errors.push(at('directory', 'owns this user: change them there'));
  const factors = factorsOf(tenant, data, (member, detail) => errors.push(at(member, detail)));
  if (!name.ok || errors.length > 0) return { ok: false, userName, errors };
  const { status, password, passwordHash, roles = [], groups = [] } = data;
  const profile = profileOf(data);
  return accepted({
    row,
    name: name.value,
    userName: typed.trim(),
    status,
    profile,
    password,
    passwordHash,
    roles: [...new Set(roles)].sort(),
    groups: [...new Set(groups)].sort(),
    factors,
  });
}

function profileOf(row: ImportRow): UserProfile {
  return Object.fromEntries(PROFILE_MEMBERS.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]])));
}

const WHY_NO_HASH: Record<HashRefusal, string> = {
  unreadable: 'is no hash of a form that is known here, or has no salt',
  'too-costly': 'would keep the server busy for too long at a sign-in',
};

const WHY_NO_PASSWORD = {
  'too-short': 'is too short',
  'too-long': 'is too long',
  common: 'is one that attackers try first',
  personal: 'is little more than a name that others know',
};

function errorsInPassword(tenant: Tenant, row: ImportRow, userName: string): RowError[] {
  const { password, passwordHash } = row;
  if (password !== undefined && passwordHash !== undefined) return [at('password', 'is there, and so is passwordHash')];
  if (passwordHash !== undefined) {
    const checked = checkImportedHash(passwordHash);
    return checked.ok ? [] : [at('passwordHash', WHY_NO_HASH[checked.reason])];
  }
  if (password === undefined) return [];
  if (!isPassword(password)) return [at('password', 'can be nobody’s password')];
  const withSecondFactor = tenant.settings.policy.secondFactors.required === 'always';
  const knownWords = knownWordsOf(tenant, { username: userName, profile: profileOf(row) });
  const checked = checkPassword(password, { withSecondFactor, knownWords });
  return checked.ok ? [] : [at('password', WHY_NO_PASSWORD[checked.reason])];
}

type Tell = (member: keyof ImportRow, detail: string) => void;

function factorsOf(tenant: Tenant, row: ImportRow, tell: Tell): NewEnrolment[] {
  const { totpSecret: key, totpDigits: digits = 6, totpPeriod: period = 30, totpAlgorithm: algorithm = 'SHA1' } = row;
  const factors: NewEnrolment[] = [];
  if (key !== undefined) {
    factors.push({ factor: 'totp', name: '', secret: totpSecret({ algorithm, digits, period }, key) });
  } else if (row.totpDigits ?? row.totpPeriod ?? row.totpAlgorithm) tell('totpSecret', 'is missing');
  const address = row.factorEmail === undefined ? undefined : canonicalAddress(row.factorEmail);
  if (address !== undefined) factors.push({ factor: 'email', name: '', secret: address });
  const number = row.factorPhone === undefined ? undefined : phoneOf(tenant, row.factorPhone);
  if (number?.ok) factors.push({ factor: 'sms', name: '', secret: number.value });
  else if (number) tell('factorPhone', number.reason);
  return factors;
}

function phoneOf({ settings }: Tenant, typed: string): Outcome<string, string> {
  const number = canonicalNumber(typed, settings.policy.sms);
  if (number.ok) return number;
  const isReachable = number.reason !== 'unreachable';
  return refused(isReachable ? 'is no mobile number' : 'is of a country that this tenant sends nothing to');
}

function at(member: keyof ImportRow, detail: string): RowError {
  return { pointer: `#/${member}`, detail };
}

function errorsOf(issue: {
  path: readonly PropertyKey[];
  message: string;
  code?: string;
  keys?: string[];
}): RowError[] {
  const pointer = `#${issue.path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
  if (issue.keys === undefined) return [{ pointer, detail: issue.message }];
  return issue.keys
    .slice(0, 20)
    .map((key) => ({ pointer: `${pointer}/${key.slice(0, 100)}`, detail: 'is not known here' }));
}

function userNameIn(value: unknown): string | undefined {
  const isRow = typeof value === 'object' && value !== null && 'userName' in value;
  return isRow && typeof value.userName === 'string' ? value.userName.slice(0, 256) : undefined;
}
