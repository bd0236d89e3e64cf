// The cookie by which a browser that a person trusts is known again. One for each person: several may share a browser.

import { createHash } from 'node:crypto';

import type { Context } from 'koa';

import type { TenantSite } from './tenant-context.ts';

const DAY_MS = 86_400_000;

/** Whether this browser has a mark of anybody, be it a valid one or not. */
export function hasDeviceMark(ctx: Context, site: TenantSite): boolean {
  return ctx.get('cookie').includes(prefixOf(site));
}

/** The mark that this browser has of the person; nothing where somebody else signed it. */
export function deviceMarkOf(ctx: Context, site: TenantSite, userId: string): string | undefined {
  return cookiesOf(ctx, site).get(nameOf(site, userId), { signed: true });
}

export function keepDeviceMark(
  ctx: Context,
  site: TenantSite,
  { userId, mark, days }: { userId: string; mark: string; days: number },
): void {
  const { protocol, pathname } = new URL(site.issuer);
  cookiesOf(ctx, site).set(nameOf(site, userId), mark, {
    path: pathname,
    httpOnly: true,
    secure: protocol === 'https:',
    sameSite: 'lax',
    signed: true,
    overwrite: true,
    maxAge: days * DAY_MS,
  });
}

/** With the tenant's own keys, as the protocol library's. */
function cookiesOf({ req, res }: Context, { provider }: TenantSite) {
  return provider.createContext(req, res).cookies;
}

function nameOf(site: TenantSite, userId: string): string {
  return prefixOf(site) + createHash('sha256').update(userId).digest('hex').slice(0, 16);
}

function prefixOf({ tenant, issuer }: TenantSite): string {
  return `${issuer.startsWith('https:') ? '__Secure-' : ''}${tenant.slug}_device_`;
}
