// Password policy as OpenLDAP's slapo-ppolicy(5) has it, as far as a sign-in meets it: accounts locked by an administrator or
// after too many failures, passwords that must be changed, and when they were. What a bind's answer says of it goes into a
// response control.

import { PASSWORD_POLICY_CONTROL } from '../../directory/ldap/password-policy.ts';
import type { Entry } from './entry.ts';
import { passwordMatches } from './password-hash.ts';
import type { RequestControl } from './requests.ts';
import type { Result } from './responses.ts';
import { written } from './responses.ts';
import type { DirectoryTree } from './tree.ts';

export interface PasswordPolicyOptions {
  /** Wrong passwords after which an account is locked. */
  maxFailures: number;
  /** Seconds that it stays so. */
  lockoutSeconds: number;
  now(): Date;
}

export type PasswordCheck = 'right' | 'wrong' | 'locked' | 'must-change';

const LOCKED_FOR_GOOD = '000001010000Z';
const ERRORS: Partial<Record<PasswordCheck, number>> = { locked: 1, 'must-change': 2 };
const ERROR_TAG = 0x81;

export class PasswordPolicy {
  readonly #tree: DirectoryTree;
  readonly #options: PasswordPolicyOptions;
  readonly #failures = new WeakMap<Entry, number>();

  constructor(tree: DirectoryTree, options: PasswordPolicyOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  check(entry: Entry, password: string): PasswordCheck {
    if (this.#isLocked(entry)) return 'locked';
    const stored = this.#tree.values(entry, 'userPassword');
    if (!stored.some((hash) => passwordMatches(hash, password))) {
      this.#countFailure(entry);
      return 'wrong';
    }
    this.#failures.delete(entry);
    const [reset = ''] = this.#tree.values(entry, 'pwdReset');
    return reset.toUpperCase() === 'TRUE' ? 'must-change' : 'right';
  }

  /** Whoever chose the password themselves need not choose again. */
  passwordChanged(entry: Entry, bySelf: boolean): void {
    this.#tree.setOperational(entry, 'pwdChangedTime', [generalizedTime(this.#options.now())]);
    if (bySelf) this.#tree.setOperational(entry, 'pwdReset', []);
  }

  #isLocked(entry: Entry): boolean {
    const [since] = this.#tree.values(entry, 'pwdAccountLockedTime');
    if (since === undefined) return false;
    if (since === LOCKED_FOR_GOOD) return true;
    const until = new Date(this.#options.now().getTime() - this.#options.lockoutSeconds * 1000);
    if (since > generalizedTime(until)) return true;
    this.#tree.setOperational(entry, 'pwdAccountLockedTime', []);
    return false;
  }

  #countFailure(entry: Entry): void {
    const failures = (this.#failures.get(entry) ?? 0) + 1;
    this.#failures.set(entry, failures);
    if (failures < this.#options.maxFailures) return;
    this.#failures.delete(entry);
    this.#tree.setOperational(entry, 'pwdAccountLockedTime', [generalizedTime(this.#options.now())]);
  }
}

/** The response control, for a client that sent the request control. */
export function policyControls(
  check: PasswordCheck,
  asked: readonly RequestControl[],
): NonNullable<Result['controls']> {
  if (!asked.some(({ oid }) => oid === PASSWORD_POLICY_CONTROL)) return [];
  const error = ERRORS[check];
  const value = written((writer) => {
    if (error !== undefined) writer.writeEnumeration(error, ERROR_TAG);
  });
  return [{ oid: PASSWORD_POLICY_CONTROL, value }];
}

/** RFC 4517 3.3.13, in UTC and whole seconds: as text these sort by time. */
function generalizedTime(time: Date): string {
  return time.toISOString().replace(/[-:T]|\.\d+/g, '');
}
