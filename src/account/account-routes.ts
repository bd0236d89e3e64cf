// The pages of {issuer}/account: what account.ts says, as pages and forms. enrolment-routes.ts has those that add a factor.

import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { AppError } from '../errors.ts';
import { ACCOUNT_CHANGES } from '../http/account-page.ts';
import type { AccountChange } from '../http/account-page.ts';
import { deviceMarkOf } from '../http/device-cookie.ts';
import { currentRequest } from '../http/request-context.ts';
import { leadOnTo } from '../http/send-page.ts';
import type { PageSender } from '../http/send-page.ts';
import { requireSite } from '../http/tenant-context.ts';
import type { TrustedDevices } from '../second-factors/trusted-devices.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import { createAccountPages } from './account-pages.ts';
import type { OverviewOptions } from './account-pages.ts';
import { createAccount } from './account.ts';
import type { AccountDeps } from './account.ts';
import { enrolmentRoutes } from './enrolment-routes.ts';
import type { EnrolmentRouteDeps } from './enrolment-routes.ts';
import { accountPath, createAccountVisits, leadTo, notFound, wantedPage } from './visits.ts';
import type { AccountVisit, AccountVisitDeps } from './visits.ts';

export interface AccountRouteDeps
  extends Omit<AccountDeps, 'sessions' | 'trustedDevices'>, Omit<AccountVisitDeps, 'sessions'>, EnrolmentRouteDeps {
  sender: PageSender;
  sessions: AccountDeps['sessions'] & AccountVisitDeps['sessions'];
  trustedDevices: TrustedDevices;
  /** Remembers what was just done until the next page says so. */
  store: Pick<EphemeralStore, 'put' | 'take'>;
}

/** Seconds from a form to the page that it leads to. */
const DONE_LIFE = 60;

const nothing = z.strictObject({});
const nameForm = z.strictObject({ name: z.string().max(64) });

export function accountRoutes(deps: AccountRouteDeps): Router {
  const { sender, store, trustedDevices } = deps;
  const router = new Router();
  const visits = createAccountVisits(router, deps);
  const account = createAccount(deps);
  const pages = createAccountPages(sender);

  router.get('/account', async (ctx) => {
    if (ctx.query.iss !== undefined || ctx.query.error !== undefined) return comeBack(ctx);
    const visit = await visits.open(ctx);
    if (visit) await showOverview(visit, { done: await takeDone(visit) });
  });

  enrolmentRoutes(visits, deps, done);

  visits.onPage('factors/:id/rename', (visit) => pages.rename(visit, factorIn(visit)));

  visits.onForm('factors/:id/rename', nameForm, async (visit, form) => {
    const { id, name: before } = factorIn(visit);
    const name = form.name.trim();
    if (name === '') return pages.rename(visit, { ...factorIn(visit), name: form.name }, { reason: 'no-name' });
    if (name === before) return leadTo(visit);
    const renamed = await account.renameFactor(visit, id, name);
    if (renamed.ok) return done(visit, 'factor-renamed');
    throw renamed.reason === 'blocked' ? tooManyChanges(renamed) : notFound();
  });

  visits.onPage('factors/:id/remove', async (visit) => {
    const { id, factor, name } = factorIn(visit);
    if (!(await account.mayRemoveFactor(visit, id))) return keepLastFactor(visit);
    return pages.confirm(visit, { what: 'remove-factor', factor, name: name === '' ? undefined : name });
  });

  visits.onForm('factors/:id/remove', nothing, async (visit) => {
    const outcome = await account.removeFactor(visit, idIn(visit));
    if (outcome.ok) return done(visit, 'factor-removed');
    if (outcome.reason === 'last-required-factor') return keepLastFactor(visit);
    throw notFound();
  });

  visits.onPage('devices/remove', (visit) => pages.confirm(visit, { what: 'remove-devices' }));

  visits.onForm('devices/remove', nothing, async (visit) => {
    await account.removeDevices(visit);
    return done(visit, 'devices-removed');
  });

  visits.onForm('devices/:id/remove', nothing, async (visit) => {
    if (!(await account.removeDevice(visit, idIn(visit)))) throw notFound();
    return done(visit, 'device-removed');
  });

  visits.onPage('sessions/end', (visit) => pages.confirm(visit, { what: 'end-sessions' }));

  visits.onForm('sessions/end', nothing, async (visit) => {
    await account.endOtherSessions(visit);
    return done(visit, 'sessions-ended');
  });

  visits.onForm('sessions/:id/end', nothing, async (visit) => {
    if (!(await account.endSession(visit, idIn(visit)))) throw notFound();
    return done(visit, 'session-ended');
  });

  return router;

  async function showOverview(visit: AccountVisit, options: OverviewOptions): Promise<void> {
    const { ctx, site, tenant, user } = visit;
    const mark = deviceMarkOf(ctx, site, user.id);
    const device = mark === undefined ? undefined : await trustedDevices.recognise(tenant.id, user.id, mark);
    pages.overview(visit, await account.overview(visit), { ...options, thisDevice: device?.id });
  }

  function keepLastFactor(visit: AccountVisit): Promise<void> {
    return showOverview(visit, { status: 409, problem: { reason: 'last-required-factor' } });
  }

  /** From a sign-in: to what was wanted before it, at an address without what the answer carried. */
  function comeBack(ctx: Context): void {
    const site = requireSite(ctx);
    const { error, state } = ctx.query;
    if (typeof error === 'string') return showRefusal(ctx, error);
    ctx.status = 303;
    ctx.redirect(accountPath(site, wantedPage(state)));
  }

  /** A page, and no other try by itself: it would be refused as well. */
  function showRefusal(ctx: Context, error: string): void {
    // Anybody can write a link with anything in it.
    const code = /^[a-z_]{1,40}$/.test(error) ? error : 'invalid_request';
    leadOnTo(ctx, { to: 'retry', href: accountPath(requireSite(ctx)) });
    const status = code === 'temporarily_unavailable' ? 503 : 400;
    const facts = { status, code, requestId: currentRequest()?.requestId ?? '', time: new Date() };
    const html = sender.renderErrorPage(ctx, facts);
    ctx.status = status;
    ctx.type = 'html';
    ctx.body = html;
  }

  async function done(visit: AccountVisit, change: AccountChange): Promise<void> {
    await store.put(doneKey(visit), change, DONE_LIFE);
    leadTo(visit);
  }

  async function takeDone(visit: AccountVisit): Promise<AccountChange | undefined> {
    const change = await store.take(doneKey(visit));
    return ACCOUNT_CHANGES.find((one) => one === change);
  }

  function factorIn(visit: AccountVisit) {
    const factor = account.factor(visit, idIn(visit));
    if (!factor) throw notFound();
    return factor;
  }
}

function tooManyChanges({ retryAfter }: Blocked): AppError {
  return new AppError('too_many_attempts', 429, 'There were too many changes.', { retryAfter });
}

function doneKey({ tenant, sessionUid }: AccountVisit): string {
  return `account-done:${tenant.id}:${sessionUid}`;
}

/** As ids here look; what does not would be refused by the database. */
function idIn({ ctx }: AccountVisit): string {
  const { id = '' } = ctx.params;
  if (!/^[\w-]{1,64}$/.test(id)) throw notFound();
  return id;
}
