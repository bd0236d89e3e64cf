// The cookie by which a browser that a person trusts is known again.

import type { Context } from 'koa';

import { personCookie } from './person-cookie.ts';
import type { TenantSite } from './tenant-context.ts';

const DAY_MS = 86_400_000;

const cookie = personCookie('device');

/** Whether this browser has a mark of anybody, be it a valid one or not. */
export const hasDeviceMark = cookie.hasAny;

/** The mark that this browser has of the person; nothing where somebody else signed it. */
export const deviceMarkOf = cookie.read;

export function keepDeviceMark(
  ctx: Context,
  site: TenantSite,
  { userId, mark, days }: { userId: string; mark: string; days: number },
): void {
  cookie.keep(ctx, site, userId, mark, days * DAY_MS);
}
