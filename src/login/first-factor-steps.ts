// The forms of the first page: a name with a password, or a passkey alone. Either makes a login somebody's.

import type { Audit } from '../audit/audit.ts';
import type { NamedDirectory } from '../first-factors/directory-password.ts';
import type { PasskeySignIn, PasskeySignInRefusal } from '../first-factors/passkey-sign-in.ts';
import type { PasswordSignIn, SignInRefusal } from '../first-factors/password-sign-in.ts';
import { refused } from '../outcome.ts';
import type { Outcome, Refused } from '../outcome.ts';
import type { Proof } from '../policy/proof.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import type { TrustedDevices } from '../second-factors/trusted-devices.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User } from '../users/users.ts';
import type { LinkUser } from './link-user.ts';
import { saved } from './open-login.ts';
import type { Login, MovedOn } from './open-login.ts';
import type { StillStands } from './still-stands.ts';

export type PasswordRefusal = SignInRefusal | MovedOn;
export type PasskeyRefusal = PasskeySignInRefusal | 'account-disabled' | MovedOn;

export interface PasswordForm {
  username: string;
  password: string;
  address: string;
  /** What this browser has to show for that a person trusts it. */
  deviceMarkOf(userId: string): string | undefined;
}

export interface FirstFactorSteps {
  password(login: Login, form: PasswordForm): Promise<Outcome<void, PasswordRefusal> | Blocked>;
  /** For the browser's script; undefined where the tenant allows no passkeys. */
  passkeyOptions(login: Login): Promise<string | undefined>;
  passkey(
    login: Login,
    form: { credential: string; address: string },
  ): Promise<Outcome<void, PasskeyRefusal> | Blocked>;
}

export interface FirstFactorDeps {
  /** In the order in which they are asked. */
  directoriesOf(tenant: Tenant): readonly NamedDirectory[];
  signIn: PasswordSignIn;
  passkeySignIn: PasskeySignIn;
  linkUser: LinkUser;
  stillStands: StillStands;
  trustedDevices: Pick<TrustedDevices, 'recognise'>;
  audit: Audit;
  told<R extends Refused<string>>(tenant: Tenant, factor: string, refusal: R): R;
  /** Epoch seconds. */
  epoch(): number;
}

export function createFirstFactorSteps(deps: FirstFactorDeps): FirstFactorSteps {
  const { passkeySignIn, trustedDevices, audit, told, epoch } = deps;

  return {
    async password(login, { deviceMarkOf, ...form }) {
      const { tenant } = login.request;
      const outcome = await deps.signIn({ tenantId: tenant.id, directories: deps.directoriesOf(tenant), ...form });
      if (!outcome.ok) return told(tenant, 'password', outcome);
      const user = await deps.linkUser(tenant, outcome.value);
      if (user?.status !== 'active') return disabled(tenant, 'password', user?.id);
      const at = epoch();
      const notice = outcome.value.kind === 'directory' ? outcome.value.notice : undefined;
      const proofs: Proof[] = [{ factor: 'password', amr: ['pwd'], at }];
      if (await isTrusted(tenant, user, deviceMarkOf)) proofs.push({ factor: 'trusted-device', amr: [], at });
      return saved(login, { userId: user.id, authTime: at, proofs, ...(isEmpty(notice) ? {} : { notice }) });
    },

    async passkeyOptions({ request: { tenant, uid } }) {
      return allowsPasskeys(tenant) ? passkeySignIn.options(tenant, contextOf(uid)) : undefined;
    },

    async passkey(login, form) {
      const { tenant, uid } = login.request;
      if (login.step.step !== 'password' || !allowsPasskeys(tenant)) return refused('moved-on');
      const outcome = await passkeySignIn.answer({ tenant, context: contextOf(uid), ...form });
      if (!outcome.ok) return told(tenant, 'passkey', outcome);
      const { userId, proof } = outcome.value;
      // Now, so that what depends on groups is decided by those of today.
      if (!(await deps.stillStands(tenant, userId, [proof]))) return disabled(tenant, 'passkey', userId);
      return saved(login, { userId, authTime: epoch(), proofs: [proof] });
    },
  };

  async function isTrusted(tenant: Tenant, user: User, markOf: PasswordForm['deviceMarkOf']): Promise<boolean> {
    const mark = tenant.settings.policy.trustedDevices && markOf(user.id);
    return mark !== undefined && (await trustedDevices.recognise(tenant.id, user.id, mark)) !== undefined;
  }

  async function disabled(tenant: Tenant, factor: string, userId: string | undefined) {
    const subject = userId === undefined ? undefined : ({ kind: 'user', id: userId } as const);
    await audit.record({ type: 'login.refused', tenantId: tenant.id, subject, reason: 'account-disabled' });
    return told(tenant, factor, refused('account-disabled'));
  }
}

function allowsPasskeys({ settings }: Tenant): boolean {
  return settings.policy.secondFactors.allowed.includes('passkey');
}

function contextOf(uid: string): string {
  return `login:${uid}`;
}

function isEmpty(notice: object | undefined): boolean {
  return notice === undefined || Object.keys(notice).length === 0;
}
