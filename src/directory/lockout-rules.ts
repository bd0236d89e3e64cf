// How each kind of server counts failed binds: where it keeps its rules, and what an entry tells of its own failures. Pure;
// lockout.ts asks the server.

import type { LockoutPolicy } from './directory.ts';
import type { SearchQuery } from './ldap/connection.ts';
import type { LdapEntry } from './ldap/responses.ts';
import { readTime } from './ldap/values.ts';
import type { DirectorySchema } from './presets.ts';

export interface LockoutRules {
  /** The rules that hold for everybody who has none of their own. */
  general: RuleSource;
  /** Rules for single people. */
  own: RuleSource & {
    /** Attribute of a person's entry that names theirs. */
    namedBy: string;
  };
  /** Further attributes of a person's entry that `failures` reads. */
  attributes: readonly string[];
  /** Failed binds that the server holds against this person now. Undefined where the entry does not tell. */
  failures(person: LdapEntry, policy: LockoutPolicy, now: Date): number | undefined;
}

export interface RuleSource {
  /** Where the entries are, in the naming context that people are in, and how one of them is known. */
  base(context: string): string;
  scope: SearchQuery['scope'];
  objectClass: string;
  attributes: readonly string[];
  /** Undefined where the entry does not show them. */
  read(rules: LdapEntry): LockoutPolicy | undefined;
}

export type LockoutKind = NonNullable<DirectorySchema['lockout']>;

/** slapo-ppolicy(5). Which of its entries is everybody's stands in the server's configuration, which nobody may read. */
const pwdPolicy: RuleSource = {
  base: (context) => context,
  scope: 'sub',
  objectClass: 'pwdPolicy',
  attributes: ['pwdLockout', 'pwdMaxFailure', 'pwdFailureCountInterval'],
  read: (rules) => {
    if (rules.values('pwdLockout')[0] !== 'TRUE') return NO_LOCKOUT;
    // Without an interval, or with 0, no failure is forgotten: not when a lock ends either, and then the next one locks anew.
    const window = wholeNumber(rules, 'pwdFailureCountInterval') || undefined;
    return { threshold: wholeNumber(rules, 'pwdMaxFailure') ?? 0, window };
  },
};

const domain: RuleSource = {
  base: (context) => context,
  scope: 'base',
  objectClass: 'domain',
  attributes: ['lockoutThreshold', 'lockOutObservationWindow'],
  read: (rules) => intervalRules(rules, 'lockoutThreshold', 'lockOutObservationWindow'),
};

/** Fine-grained policies, which are for administrators to read unless they allow others to. */
const passwordSettings: RuleSource = {
  base: (context) => `CN=Password Settings Container,CN=System,${context}`,
  scope: 'sub',
  objectClass: 'msDS-PasswordSettings',
  attributes: ['msDS-LockoutThreshold', 'msDS-LockoutObservationWindow'],
  read: (rules) => intervalRules(rules, 'msDS-LockoutThreshold', 'msDS-LockoutObservationWindow'),
};

/** Local policies of 389-ds; the general one stands in its configuration, which is for administrators to read likewise. */
const passwordPolicy389: RuleSource = {
  base: (context) => context,
  scope: 'sub',
  // It leaves subentries out unless they are asked for by their class.
  objectClass: 'ldapsubentry',
  attributes: ['passwordLockout', 'passwordMaxFailure', 'passwordResetFailureCount'],
  read: (rules) => {
    const lockout = rules.values('passwordLockout')[0]?.toLowerCase();
    const threshold = wholeNumber(rules, 'passwordMaxFailure');
    if (lockout === 'off') return NO_LOCKOUT;
    if (lockout === undefined || threshold === undefined) return undefined;
    return { threshold, window: wholeNumber(rules, 'passwordResetFailureCount') || undefined };
  },
};

export const LOCKOUT_RULES: Readonly<Record<LockoutKind, LockoutRules>> = {
  ppolicy: {
    general: pwdPolicy,
    own: { ...pwdPolicy, namedBy: 'pwdPolicySubentry' },
    attributes: ['pwdFailureTime'],
    failures: (person, { window }, now) => {
      const times = person.values('pwdFailureTime').map(readTime);
      return times.filter((time) => isRecent(time, window, now)).length;
    },
  },
  activedirectory: {
    general: domain,
    own: { ...passwordSettings, namedBy: 'msDS-ResultantPSO' },
    attributes: ['badPwdCount', 'badPasswordTime'],
    failures: (person, { window }, now) => {
      const [lastTime = ''] = person.values('badPasswordTime');
      return isRecent(readTime(lastTime), window, now) ? wholeNumber(person, 'badPwdCount') : 0;
    },
  },
  '389ds': {
    general: { ...passwordPolicy389, base: () => 'cn=config', scope: 'base', objectClass: 'nsslapdConfig' },
    own: { ...passwordPolicy389, namedBy: 'pwdpolicysubentry' },
    attributes: ['passwordRetryCount', 'retryCountResetTime'],
    failures: (person, _policy, now) => {
      const [resetTime = ''] = person.values('retryCountResetTime');
      const isReset = (readTime(resetTime) ?? now) <= now;
      return isReset ? 0 : wholeNumber(person, 'passwordRetryCount');
    },
  },
};

const NO_LOCKOUT: LockoutPolicy = { threshold: 0, window: undefined };

/** A time that cannot be read is none. */
function isRecent(time: Date | undefined, window: number | undefined, now: Date): boolean {
  return time !== undefined && now.getTime() - time.getTime() < (window ?? Infinity) * 1000;
}

/** Of Active Directory: negative intervals of 100 ns, of which the longest stands for never. */
const NEVER = '-9223372036854775808';
const INTERVALS_PER_SECOND = 10_000_000;

function intervalRules(rules: LdapEntry, threshold: string, window: string): LockoutPolicy | undefined {
  const failures = wholeNumber(rules, threshold);
  const [interval = NEVER] = rules.values(window);
  if (failures === undefined) return undefined;
  const forgets = interval !== NEVER && /^-\d+$/.test(interval);
  return { threshold: failures, window: forgets ? Math.ceil(-Number(interval) / INTERVALS_PER_SECOND) : undefined };
}

function wholeNumber(entry: LdapEntry, attribute: string): number | undefined {
  const [text = ''] = entry.values(attribute);
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
