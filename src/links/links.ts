// One-time links: how somebody whom an administrator has let in, or back in, chooses a password, or sets up their first second
// factor in the one browser that opens the link. A link is a secret of 256 bits, kept as its hash, good for a day and for once; a
// new one for the same purpose voids the one before. Its pages are link-routes.ts's.

import { randomBytes } from 'node:crypto';

import { byUser } from '../audit/audit.ts';
import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { sha256 } from '../security/sha256.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { AccountChanged } from '../users/account-changed.ts';
import type { CompleteSetUp } from '../users/complete-set-up.ts';
import type { NewPassword, NewPasswordRefusal } from '../users/new-password.ts';
import type { User, Users } from '../users/users.ts';

export const LINK_PURPOSES = ['password', 'enrolment'] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

/** Seconds. */
const LINK_LIFE = 24 * 3600;

/** `not-local`: the directory keeps the password. `wrong-state`: the account is disabled or rejected, or not set up yet. */
export type LinkRefusal = 'not-local' | 'wrong-state';

export interface StoredLink {
  userId: string;
  purpose: LinkPurpose;
  /** The address that it was mailed to; undefined of one that was shown. */
  sentTo: string | undefined;
}

export interface NewLink extends StoredLink {
  tenantId: string;
  tokenHash: string;
  expiresAt: Date;
}

/** What is expired, used, void or another tenant's is as unknown as what never was. */
export interface LinkStore {
  /** Voids those before it, of the same person for the same purpose. */
  add(link: NewLink): Promise<void>;
  find(tenantId: string, tokenHash: string, now: Date): Promise<StoredLink | undefined>;
  /** Uses it up: of any number of callers at once one gets it. */
  use(tenantId: string, tokenHash: string, now: Date): Promise<StoredLink | undefined>;
}

export interface MadeLink {
  url: string;
  expiresAt: Date;
}

export interface OpenLink {
  purpose: LinkPurpose;
  user: User;
}

export interface Links {
  /** `sentTo`: the address that it is about to be mailed to. */
  make(tenant: Tenant, user: User, purpose: LinkPurpose, sentTo?: string): Promise<Outcome<MadeLink, LinkRefusal>>;
  /** Uses nothing up: programs that look for harm in mails open links as well. */
  open(tenant: Tenant, token: string): Promise<OpenLink | undefined>;
  /** Answers how the account stands then. `unknown`: the link is not good, or not any more. */
  setPassword(
    tenant: Tenant,
    token: string,
    password: string,
  ): Promise<Outcome<User['status'], NewPasswordRefusal | 'unknown'>>;
  /** Who may now set up a first second factor in this browser. */
  allowEnrolment(tenant: Tenant, token: string): Promise<Outcome<User, 'unknown'>>;
}

export interface LinksDeps {
  store: LinkStore;
  users: Pick<Users, 'find' | 'storePasswordHash'>;
  /** That an address is the person's own. */
  emailArrived(user: User, address: string): Promise<void>;
  newPassword: NewPassword;
  completeSetUp: CompleteSetUp;
  accountChanged: AccountChanged;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
  issuerOf(tenant: Tenant): string;
  now?: () => Date;
}

export function createLinks(deps: LinksDeps): Links {
  const { store, users, newPassword, completeSetUp, accountChanged, audit, db, now = () => new Date() } = deps;

  async function open({ id: tenantId }: Tenant, token: string): Promise<OpenLink | undefined> {
    const link = await store.find(tenantId, sha256(token), now());
    const user = link && (await users.find(tenantId, link.userId));
    return link && user && !refusalOf(user, link.purpose) ? { purpose: link.purpose, user } : undefined;
  }

  /** In the unit of work of what it is good for; undefined for another purpose, too, which leaves it as it was. */
  async function useUp(tenant: Tenant, token: string, purpose: LinkPurpose) {
    if ((await open(tenant, token))?.purpose !== purpose) return undefined;
    const used = await store.use(tenant.id, sha256(token), now());
    const user = used && (await users.find(tenant.id, used.userId));
    return used && user && { user, sentTo: used.sentTo };
  }

  return {
    open,

    make: (tenant, user, purpose, sentTo) =>
      db.unitOfWork(async () => {
        const reason = refusalOf(user, purpose);
        if (reason) return refused(reason);
        const token = randomBytes(32).toString('base64url');
        const expiresAt = new Date(now().getTime() + LINK_LIFE * 1000);
        const whose = { tenantId: tenant.id, userId: user.id };
        await store.add({ ...whose, purpose, sentTo, tokenHash: sha256(token), expiresAt });
        return accepted({ url: `${deps.issuerOf(tenant)}/link/${token}`, expiresAt });
      }),

    async setPassword(tenant, token, password) {
      const link = await open(tenant, token);
      if (link?.purpose !== 'password') return refused('unknown');
      // Before the unit of work: it takes a while.
      const hash = await newPassword(tenant, { ...link.user, user: link.user }, password);
      if (!hash.ok) return hash;
      return db.unitOfWork(async () => {
        const used = await useUp(tenant, token, 'password');
        if (!used) return refused('unknown');
        const { id: userId, tenantId } = used.user;
        await users.storePasswordHash(tenantId, userId, hash.value);
        if (used.sentTo !== undefined) await deps.emailArrived(used.user, used.sentTo);
        await completeSetUp(tenant, userId);
        const event = { type: 'password.set', detail: { by: 'link' } } as const;
        const notice = { kind: 'password-changed' } as const;
        await accountChanged({ tenantId, userId, event, notice, keptSession: undefined });
        return accepted((await users.find(tenantId, userId))?.status ?? used.user.status);
      });
    },

    allowEnrolment: (tenant, token) =>
      db.unitOfWork(async () => {
        const used = await useUp(tenant, token, 'enrolment');
        if (!used) return refused('unknown');
        const detail = { purpose: 'enrolment' };
        await audit.record({ type: 'user.link_used', ...byUser(tenant.id, used.user.id), detail });
        return accepted(used.user);
      }),
  };
}

function refusalOf({ local, status }: User, purpose: LinkPurpose): LinkRefusal | undefined {
  if (purpose === 'password' && !local) return 'not-local';
  const fit = purpose === 'password' ? ['pending', 'complete', 'active'] : ['active'];
  return fit.includes(status) ? undefined : 'wrong-state';
}
