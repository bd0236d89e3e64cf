// The one line at the top of an explanation: could sign in, or the first thing that stands in the way.

import type { Obstacles } from './explain.ts';
import type { Explanation, VerdictCode } from './explain-shape.ts';

const TEXTS: Record<VerdictCode, string> = {
  'tenant-suspended': 'Nobody can sign in: the tenant is suspended.',
  'malformed-login': 'Nobody can have this login name.',
  'directory-unavailable': 'A directory that may have this person does not answer.',
  'unknown-login': 'No directory that was asked, and no account, has this login name.',
  'ambiguous-login': 'The login name means more than one person, so it is taken for nobody’s.',
  'directory-disabled': 'The directory says that the account is disabled.',
  'directory-expired': 'The directory says that the account has expired.',
  'directory-nearly-locked':
    'The directory has locked the account, or would after one more failure, so it is not asked for passwords.',
  'account-not-active': 'The account is not active here.',
  'no-password': 'No password has been set.',
  'too-many-attempts': 'Too many attempts have failed: until the block ends, no password is tried.',
  'password-expired': 'The password has expired, and cannot be changed at the sign-in.',
  'unknown-client': 'There is no such application.',
  'not-allowed': 'The application is not for this person.',
  'scope-not-allowed': 'The application may not ask for one of the scopes.',
  'unknown-resource': 'There is no such API.',
  'level-unattainable': 'No way to sign in here reaches the level that is asked for.',
  'needs-link': 'Has no second factor, and may set one up by way of a one-time link only: send one.',
  'must-enrol': 'Could sign in with the right password, and would have to set up a second factor then.',
  'could-sign-in': 'Could sign in with the right password.',
};

export function verdictOf(obstacles: Obstacles): Explanation['verdict'] {
  const code = firstOf(obstacles);
  return { code, couldSignIn: code === 'could-sign-in' || code === 'must-enrol', text: TEXTS[code] };
}

function firstOf(obstacles: Obstacles): VerdictCode {
  const { tenant, explained, wrongRequest } = obstacles;
  if (tenant.status === 'suspended') return 'tenant-suspended';
  if (explained.refusal) return explained.refusal;
  return ofAccount(obstacles) ?? (wrongRequest === 'unknown-client' ? wrongRequest : undefined) ?? ofPolicy(obstacles);
}

function ofAccount({ explained: { entry, account, person }, counters, now }: Obstacles): VerdictCode | undefined {
  if (entry?.state === 'disabled') return 'directory-disabled';
  if (entry?.state === 'expired') return 'directory-expired';
  if (entry?.failuresLeft !== null && entry?.failuresLeft !== undefined && entry.failuresLeft <= 1) {
    return 'directory-nearly-locked';
  }
  if (account?.status !== 'active') return 'account-not-active';
  if (!person?.hasPassword) return 'no-password';
  // A trusted browser has a count of its own.
  const isBlocked = counters.some(
    ({ kind, blockedUntil }) => kind === 'password' && blockedUntil !== null && blockedUntil > now,
  );
  if (isBlocked) return 'too-many-attempts';
  const hasExpired = entry?.passwordExpiresAt && new Date(entry.passwordExpiresAt) <= now;
  return hasExpired && !person.changesPasswords ? 'password-expired' : undefined;
}

function ofPolicy({ policy, wrongRequest }: Obstacles): VerdictCode {
  if (policy?.step.step === 'not-allowed') return 'not-allowed';
  if (wrongRequest) return wrongRequest;
  if (policy?.step.step === 'refuse') return 'level-unattainable';
  if (policy?.step.step === 'enrol-by-link') return 'needs-link';
  return policy?.step.step === 'enrol' && policy.step.why !== 'recovery-codes' ? 'must-enrol' : 'could-sign-in';
}
