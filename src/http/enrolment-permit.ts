// The cookie by which a browser that a one-time link was opened in may set up a first second factor, for a while: bound to the
// person, and to what they have proven until then, so that whatever changes their account takes it away.

import type { Context } from 'koa';

import type { User } from '../users/users.ts';
import { personCookie } from './person-cookie.ts';
import type { TenantSite } from './tenant-context.ts';

/** Seconds. */
const LIFE = 15 * 60;

const cookie = personCookie('enrolment');

type Person = Pick<User, 'id' | 'proofGeneration'>;

export function keepEnrolmentPermit(ctx: Context, site: TenantSite, { id, proofGeneration }: Person): void {
  const until = Math.floor(Date.now() / 1000) + LIFE;
  cookie.keep(ctx, site, id, `${String(until)}.${String(proofGeneration)}`, LIFE * 1000);
}

export function hasEnrolmentPermit(ctx: Context, site: TenantSite, { id, proofGeneration }: Person): boolean {
  const [until = '', generation = ''] = (cookie.read(ctx, site, id) ?? '').split('.');
  return generation === String(proofGeneration) && Number(until) > Date.now() / 1000;
}
