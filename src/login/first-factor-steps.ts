// The forms of the first page: a name with a password, or a passkey alone. Either makes a login somebody's.

import type { Audit } from '../audit/audit.ts';
import type { Account, NamedDirectory } from '../first-factors/first-factor.ts';
import type { PasskeySignIn, PasskeySignInRefusal } from '../first-factors/passkey-sign-in.ts';
import type { PasswordSignIn, SignInRefusal } from '../first-factors/password-sign-in.ts';
import { refused } from '../outcome.ts';
import type { Outcome, Refused } from '../outcome.ts';
import type { Proof } from '../policy/proof.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import type { TrustedDevice, TrustedDevices } from '../second-factors/trusted-devices.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Users } from '../users/users.ts';
import type { LinkUser } from './link-user.ts';
import { saved } from './open-login.ts';
import type { Login, MovedOn } from './open-login.ts';
import type { StillStands } from './still-stands.ts';

export type PasswordFormRefusal = SignInRefusal | MovedOn;
export type PasskeyFormRefusal = PasskeySignInRefusal | 'account-disabled' | MovedOn;

export interface PasswordForm {
  username: string;
  password: string;
  address: string;
  deviceMarks: DeviceMarks;
}

/** What this browser has to show for that people trust it. */
export interface DeviceMarks {
  /** Whether there may be one at all. */
  any: boolean;
  of(userId: string): string | undefined;
}

export interface FirstFactorSteps {
  password(login: Login, form: PasswordForm): Promise<Outcome<void, PasswordFormRefusal> | Blocked>;
  /** For the browser's script; undefined where the tenant allows no passkeys. */
  passkeyOptions(login: Login): Promise<string | undefined>;
  passkey(
    login: Login,
    form: { credential: string; address: string },
  ): Promise<Outcome<void, PasskeyFormRefusal> | Blocked>;
}

export interface FirstFactorDeps {
  /** In the order in which they are asked. */
  directoriesOf(tenant: Tenant): readonly NamedDirectory[];
  signIn: PasswordSignIn;
  passkeySignIn: PasskeySignIn;
  linkUser: LinkUser;
  stillStands: StillStands;
  users: Pick<Users, 'find' | 'findByEntry'>;
  trustedDevices: Pick<TrustedDevices, 'recognise' | 'removeOlder'>;
  audit: Audit;
  counted<R extends Refused<string>>(tenant: Tenant, factor: string, refusal: R): R;
  /** Epoch seconds. */
  epoch(): number;
}

export function createFirstFactorSteps(deps: FirstFactorDeps): FirstFactorSteps {
  const { passkeySignIn, trustedDevices, audit, counted, epoch } = deps;

  return {
    async password(login, { deviceMarks, ...form }) {
      const { tenant } = login.request;
      const trusting = tenant.settings.policy.trustedDevices !== undefined;
      const outcome = await deps.signIn({
        tenantId: tenant.id,
        directories: deps.directoriesOf(tenant),
        ...form,
        trustedBy: trusting ? (account) => trustedBy(tenant, account, deviceMarks) : undefined,
      });
      if (!outcome.ok) return counted(tenant, 'password', outcome);
      const user = await deps.linkUser(tenant, outcome.value);
      if (user?.status !== 'active') return disabled(tenant, 'password', user?.id);
      const at = epoch();
      const { notice, mustChange } = outcome.value.kind === 'directory' ? outcome.value : NOTHING_SAID;
      const { proofGeneration } = outcome.value.kind === 'local' ? outcome.value : user;
      const proofs: Proof[] = [{ factor: 'password', amr: ['pwd'], at }];
      if (trusting) await endOlder(tenant, user.id, outcome.value);
      const device = trusting ? await trustedDevice(tenant, user.id, deviceMarks) : undefined;
      if (device) proofs.push({ factor: 'trusted-device', amr: [], at, device: device.id });
      return saved(login, {
        userId: user.id,
        authTime: at,
        proofGeneration,
        proofs,
        ...(isEmpty(notice) ? {} : { notice }),
        ...(mustChange && { passwordChange: mustChange }),
      });
    },

    async passkeyOptions({ request: { tenant, uid } }) {
      return allowsPasskeys(tenant) ? passkeySignIn.options(tenant, contextOf(uid)) : undefined;
    },

    async passkey(login, form) {
      const { tenant, uid } = login.request;
      if (login.step.step !== 'password' || !allowsPasskeys(tenant)) return refused('moved-on');
      const outcome = await passkeySignIn.answer({ tenant, context: contextOf(uid), ...form });
      if (!outcome.ok) return counted(tenant, 'passkey', outcome);
      const { userId, proofGeneration, proof } = outcome.value;
      // Now, so that what depends on groups is decided by those of today.
      const user = await deps.users.find(tenant.id, userId);
      if (!user || !(await deps.stillStands(tenant, user, [proof]))) return disabled(tenant, 'passkey', userId);
      return saved(login, { userId, authTime: epoch(), proofGeneration, proofs: [proof] });
    },
  };

  /** Nothing has been proven yet: whoever has no mark of this very person waits no longer or shorter, whoever's name it is. */
  async function trustedBy(tenant: Tenant, account: Account, marks: DeviceMarks): Promise<string | undefined> {
    if (!marks.any) return undefined;
    const userId = await userIdOf(tenant, account);
    if (userId === undefined || marks.of(userId) === undefined) return undefined;
    await endOlder(tenant, userId, account);
    return (await trustedDevice(tenant, userId, marks)) ? userId : undefined;
  }

  async function userIdOf({ id }: Tenant, account: Account): Promise<string | undefined> {
    if (account.kind === 'local') return account.userId;
    return (await deps.users.findByEntry(id, account.directoryId, account.entry.stableId))?.id;
  }

  async function trustedDevice({ id }: Tenant, userId: string, marks: DeviceMarks): Promise<TrustedDevice | undefined> {
    const mark = marks.of(userId);
    return mark === undefined ? undefined : trustedDevices.recognise(id, userId, mark);
  }

  /** A new password in the directory ends what was trusted under the old one; one that is kept here does so when it is set. */
  async function endOlder({ id }: Tenant, userId: string, account: Account): Promise<void> {
    const changedAt = account.kind === 'directory' ? account.entry.passwordChangedAt : undefined;
    const devices = changedAt ? await trustedDevices.removeOlder(id, userId, changedAt) : 0;
    if (devices === 0) return;
    const subject = { kind: 'user', id: userId } as const;
    await audit.record({
      type: 'device.forgotten',
      tenantId: id,
      subject,
      reason: 'password-changed',
      detail: { devices },
    });
  }

  async function disabled(tenant: Tenant, factor: string, userId: string | undefined) {
    const subject = userId === undefined ? undefined : ({ kind: 'user', id: userId } as const);
    await audit.record({ type: 'login.refused', tenantId: tenant.id, subject, reason: 'account-disabled' });
    return counted(tenant, factor, refused('account-disabled'));
  }
}

function allowsPasskeys({ settings }: Tenant): boolean {
  return settings.policy.secondFactors.allowed.includes('passkey');
}

function contextOf(uid: string): string {
  return `login:${uid}`;
}

/** Of passwords that are kept here. */
const NOTHING_SAID = { notice: {}, mustChange: undefined };

function isEmpty(notice: object): boolean {
  return Object.keys(notice).length === 0;
}
