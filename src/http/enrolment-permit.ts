// The cookie by which a browser that a one-time link was opened in may set up a first second factor, for a while: bound to the
// person, and to what they have proven until then, so that whatever changes their account takes it away.

import { createHash } from 'node:crypto';

import type { Context } from 'koa';

import type { User } from '../users/users.ts';
import type { TenantSite } from './tenant-context.ts';

/** Seconds. */
const LIFE = 15 * 60;

type Person = Pick<User, 'id' | 'proofGeneration'>;

export function keepEnrolmentPermit(ctx: Context, site: TenantSite, { id, proofGeneration }: Person): void {
  const { protocol, pathname } = new URL(site.issuer);
  const until = Math.floor(Date.now() / 1000) + LIFE;
  cookiesOf(ctx, site).set(nameOf(site, id), `${String(until)}.${String(proofGeneration)}`, {
    path: pathname,
    httpOnly: true,
    secure: protocol === 'https:',
    sameSite: 'lax',
    signed: true,
    overwrite: true,
    maxAge: LIFE * 1000,
  });
}

export function hasEnrolmentPermit(ctx: Context, site: TenantSite, { id, proofGeneration }: Person): boolean {
  const value = cookiesOf(ctx, site).get(nameOf(site, id), { signed: true }) ?? '';
  const [until = '', generation = ''] = value.split('.');
  return generation === String(proofGeneration) && Number(until) > Date.now() / 1000;
}

/** With the tenant's own keys, as the protocol library's; the signature covers the name. */
function cookiesOf({ req, res }: Context, { provider }: TenantSite) {
  return provider.createContext(req, res).cookies;
}

function nameOf({ tenant, issuer }: TenantSite, userId: string): string {
  const whose = createHash('sha256').update(userId).digest('hex').slice(0, 16);
  return `${issuer.startsWith('https:') ? '__Secure-' : ''}${tenant.slug}_enrolment_${whose}`;
}
