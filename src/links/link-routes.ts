// The pages of one-time links, at {issuer}/link/{token}. Opening one does nothing yet; its form does what it is for.

import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';

import { AppError } from '../errors.ts';
import { keepEnrolmentPermit } from '../http/enrolment-permit.ts';
import type { NewPasswordProblem } from '../http/form-problems.ts';
import { newPasswordRefusal } from '../http/form-refusals.ts';
import type { Refusal } from '../http/form-refusals.ts';
import { readForm } from '../http/read-form.ts';
import type { PageSender } from '../http/send-page.ts';
import { leadOnTo } from '../http/send-page.ts';
import { homeOf, pathIn, requireSite } from '../http/tenant-context.ts';
import type { TenantSite } from '../http/tenant-context.ts';
import { csrfToken } from '../security/browser-protection.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { loginNameOf } from '../users/users.ts';
import type { User } from '../users/users.ts';
import type { Links, OpenLink } from './links.ts';

export interface LinkRouteDeps {
  links: Links;
  /** In characters. */
  shortestPassword(tenant: Tenant, user: User): Promise<number>;
  sender: Pick<PageSender, 'sendPage'>;
}

interface LinkVisit {
  ctx: Context;
  site: TenantSite;
  token: string;
  link: OpenLink;
}

const passwordForm = z.strictObject({ 'new-password': z.string() });

export function linkRoutes({ links, shortestPassword, sender }: LinkRouteDeps): Router {
  const router = new Router();

  router.get('/link/:token', async (ctx) => show(await visitOf(ctx)));

  router.post('/link/:token', async (ctx) => {
    const visit = await visitOf(ctx);
    return visit.link.purpose === 'password' ? setPassword(visit) : allowEnrolment(visit);
  });

  return router;

  async function setPassword(visit: LinkVisit): Promise<void> {
    const { ctx, site, token } = visit;
    const { 'new-password': password } = await readForm(ctx, site, contextOf(token), passwordForm);
    if (password === '') return show(visit, { status: 400, problem: { reason: 'no-new-password' } });
    const set = await links.setPassword(site.tenant, token, password);
    if (set.ok) {
      const accountUrl = set.value === 'active' ? pathIn(site, '/account') : undefined;
      sender.sendPage(ctx, 'link/done', { accountUrl, homeUrl: homeOf(site) }, { locale: localeOf(visit) });
      return undefined;
    }
    if (set.reason === 'unknown') throw unusable(ctx, site);
    return show(visit, newPasswordRefusal(set.reason === 'unusable' ? 'rejected' : set.reason));
  }

  async function allowEnrolment({ ctx, site, token }: LinkVisit): Promise<void> {
    await readForm(ctx, site, contextOf(token), z.strictObject({}));
    const allowed = await links.allowEnrolment(site.tenant, token);
    if (!allowed.ok) throw unusable(ctx, site);
    keepEnrolmentPermit(ctx, site, allowed.value);
    ctx.status = 303;
    ctx.redirect(pathIn(site, '/account'));
  }

  async function show(visit: LinkVisit, refusal?: Refusal<NewPasswordProblem>): Promise<void> {
    const { ctx, site, token, link } = visit;
    const username = loginNameOf(link.user);
    const form = { action: addressOf(site, token), csrf: csrfToken(site.secrets.csrfKey, contextOf(token)), username };
    const options = { locale: localeOf(visit), address: form.action, status: refusal?.status };
    if (link.purpose === 'enrolment') return sender.sendPage(ctx, 'link/enrolment', form, options);
    const shortest = await shortestPassword(site.tenant, link.user);
    return sender.sendPage(ctx, 'link/password', { ...form, shortest, problem: refusal?.problem }, options);
  }

  async function visitOf(ctx: Context): Promise<LinkVisit> {
    const site = requireSite(ctx);
    const token = String(ctx.params.token);
    const link = await links.open(site.tenant, token);
    if (!link) throw unusable(ctx, site);
    return { ctx, site, token, link };
  }
}

/** One answer for all, so that nothing is learnt of who there is. */
function unusable(ctx: Context, site: TenantSite): AppError {
  leadOnTo(ctx, { to: 'home', href: homeOf(site) });
  return new AppError('link_unusable', 410, 'This link is not good any more.');
}

/** Only whoever has the link knows its token, and so nobody else makes a form of it. */
function contextOf(token: string): string {
  return `link:${token}`;
}

function addressOf(site: TenantSite, token: string): string {
  return pathIn(site, `/link/${encodeURIComponent(token)}`);
}

function localeOf({ link }: LinkVisit): string | undefined {
  return link.user.profile.locale;
}
