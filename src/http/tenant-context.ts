// Which tenant a request is for: by the host that a tenant has to itself, else by the first part of the path. Everything below
// sees the path as it is within the tenant; the URL as it came stays in `ctx.originalUrl`.

import type { Context, Middleware } from 'koa';
import type { Provider } from 'oidc-provider';

import { AppError } from '../errors.ts';
import type { DerivedSecrets } from '../security/derived-secrets.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { hostOf } from './public-host.ts';
import { describeRequest } from './request-context.ts';

/** A tenant as it is served: under its issuer, by its provider. */
export interface TenantSite {
  tenant: Tenant;
  /** Without a slash at its end. */
  issuer: string;
  provider: Provider;
  secrets: DerivedSecrets;
}

export interface Sites {
  bySlug(slug: string): Promise<TenantSite | undefined>;
  byHost(host: string): Promise<TenantSite | undefined>;
  /** Whether some tenant has this host to itself. */
  isTenantHost(host: string): Promise<boolean>;
}

/** RFC 8414 3.1 puts the well-known part before an issuer's path, OpenID Connect Discovery 4 after it; both are served. */
const WELL_KNOWN = /^\/\.well-known\/(openid-configuration|oauth-authorization-server)\/t\/([^/?]+)$/;
const PATH = /^\/t\/([^/?]+)(\/[^?]*)?$/;

/** The site that `tenantContext` found for this request; undefined outside any tenant. */
export function siteOf(ctx: Context): TenantSite | undefined {
  return ctx.state.site as TenantSite | undefined;
}

/** The site, where the caller runs below `tenantContext` only. */
export function requireSite(ctx: Context): TenantSite {
  const site = siteOf(ctx);
  if (!site) throw new AppError('unknown_tenant', 404, 'There is no such tenant.');
  return site;
}

/** A path within the tenant as browsers see it. */
export function pathIn({ issuer }: TenantSite, path: string): string {
  return new URL(issuer).pathname.replace(/\/$/, '') + path;
}

/** Where people of the tenant begin: a page of its own, else our list of its apps. */
export function homeOf(site: TenantSite): string {
  return site.tenant.settings.homeUrl ?? pathIn(site, '/');
}

/** @param publicHost that tenants share, as `URL.host` has it. */
export function tenantContext(sites: Sites, publicHost: string): Middleware {
  return async (ctx, next) => {
    const located = await locate(ctx, sites, publicHost);
    if (!located) return next();
    const { site, path } = located;
    if (!site) throw new AppError('unknown_tenant', 404, 'There is no such tenant.');
    if (site.tenant.status === 'suspended') {
      throw new AppError('tenant_suspended', 403, 'This tenant is suspended.');
    }
    ctx.state.site = site;
    ctx.req.url = path + (ctx.querystring === '' ? '' : `?${ctx.querystring}`);
    describeRequest({ tenantSlug: site.tenant.slug });
    return next();
  };
}

interface Located {
  site: TenantSite | undefined;
  path: string;
}

async function locate(ctx: Context, sites: Sites, publicHost: string): Promise<Located | undefined> {
  const host = hostOf(ctx);
  if (host !== publicHost) return { site: host === undefined ? host : await sites.byHost(host), path: ctx.path };
  const [, slug, rest] = PATH.exec(ctx.path) ?? [];
  if (slug !== undefined) return { site: ownPath(await sites.bySlug(slug)), path: rest ?? '/' };
  const [, document, wellKnownSlug] = WELL_KNOWN.exec(ctx.path) ?? [];
  if (wellKnownSlug === undefined) return undefined;
  return { site: ownPath(await sites.bySlug(wellKnownSlug)), path: `/.well-known/${document ?? ''}` };
}

/** A tenant with a host of its own is not on the shared one: the two would share cookies and WebAuthn's RP id. */
function ownPath(site: TenantSite | undefined): TenantSite | undefined {
  return site?.tenant.settings.host === undefined ? site : undefined;
}
