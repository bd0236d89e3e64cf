// Signed cookies that a browser keeps of one person: one for each, for several may share a browser. With the tenant's own keys, as
// the protocol library's; the signature covers the name.

import { createHash } from 'node:crypto';

import type { Context } from 'koa';

import type { TenantSite } from './tenant-context.ts';

export interface PersonCookie {
  /** Whether this browser has one of anybody, be it a valid one or not. */
  hasAny(ctx: Context, site: TenantSite): boolean;
  /** Of the person; nothing where somebody else signed it. */
  read(ctx: Context, site: TenantSite, userId: string): string | undefined;
  keep(ctx: Context, site: TenantSite, userId: string, value: string, maxAgeMs: number): void;
}

/** @param kind what it says of the person; part of its name */
export function personCookie(kind: string): PersonCookie {
  const prefixOf = ({ tenant, issuer }: TenantSite) =>
    `${issuer.startsWith('https:') ? '__Secure-' : ''}${tenant.slug}_${kind}_`;
  const nameOf = (site: TenantSite, userId: string) =>
    prefixOf(site) + createHash('sha256').update(userId).digest('hex').slice(0, 16);
  const cookiesOf = ({ req, res }: Context, { provider }: TenantSite) => provider.createContext(req, res).cookies;

  return {
    hasAny: (ctx, site) => ctx.get('cookie').includes(prefixOf(site)),
    read: (ctx, site, userId) => cookiesOf(ctx, site).get(nameOf(site, userId), { signed: true }),
    keep(ctx, site, userId, value, maxAge) {
      const { protocol, pathname } = new URL(site.issuer);
      cookiesOf(ctx, site).set(nameOf(site, userId), value, {
        path: pathname,
        httpOnly: true,
        secure: protocol === 'https:',
        sameSite: 'lax',
        signed: true,
        overwrite: true,
        maxAge,
      });
    },
  };
}
