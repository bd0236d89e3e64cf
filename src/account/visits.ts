// How every account page is reached: by somebody who is signed in, and to change anything by somebody who has just shown that
// it is them. Whoever is not goes to sign in as to any app (clients/account-client.ts), and comes back to what they wanted.

import type { Router } from '@koa/router';
import type { Context } from 'koa';
import type { z } from 'zod';

import { ACCOUNT_CLIENT } from '../clients/account-client.ts';
import { epochSeconds } from '../epoch-seconds.ts';
import { AppError } from '../errors.ts';
import { readForm } from '../http/read-form.ts';
import { pathIn, requireSite } from '../http/tenant-context.ts';
import type { TenantSite } from '../http/tenant-context.ts';
import { FRESH, isFresh, levelToChange } from '../policy/fresh-proof.ts';
import { isLevel, reaches } from '../policy/levels.ts';
import { isAttainable } from '../policy/required-proof.ts';
import type { OwnedFactors } from '../second-factors/owned-factors.ts';
import { csrfToken } from '../security/browser-protection.ts';
import type { Session, Sessions } from '../sessions/sessions.ts';
import type { Standing } from '../users/standing.ts';
import type { AccountHolder } from './account.ts';

/** Somebody on a page of their account. */
export interface AccountVisit extends AccountHolder {
  ctx: Context;
  site: TenantSite;
  session: Session;
  csrf: string;
  /** The browser's path of the account, or of a page below it. */
  path(below?: string): string;
}

export interface AccountVisits {
  /** Undefined where nobody is signed in, and the browser is on its way to change that. */
  open(ctx: Context): Promise<AccountVisit | undefined>;
  /** Adds a page on which something is about to be changed. */
  onPage(path: string, show: (visit: AccountVisit) => void | Promise<void>): void;
  /** Adds a form that changes something. */
  onForm<S extends z.ZodType>(
    path: string,
    schema: S,
    answer: (visit: AccountVisit, form: z.output<S>) => void | Promise<void>,
  ): void;
}

export interface AccountVisitDeps {
  sessions: Pick<Sessions, 'findByUid' | 'touch'>;
  standing: Pick<Standing, 'current'>;
  ownedFactors: OwnedFactors;
}

/** Pages that a sign-in leads back to. They ask before they change anything, so it does no harm to be sent there. */
const LED_BACK_TO = /^(?:add\/[a-z-]+|factors\/[\w-]+\/(?:rename|remove)|devices\/remove|sessions\/end)/;

export function createAccountVisits(router: Router, deps: AccountVisitDeps): AccountVisits {
  const { sessions, standing, ownedFactors } = deps;

  async function open(ctx: Context): Promise<AccountVisit | undefined> {
    ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
    const site = requireSite(ctx);
    const { tenant } = site;
    const session = await sessionOf(ctx, site);
    const user = session?.userId === undefined ? undefined : await standing.current(tenant, session.userId);
    if (!session || !user) return signIn(ctx, site, { state: pageOf(ctx) });

    const { sessionIdle: idle, sessionAbsolute: absolute } = tenant.settings.policy;
    await sessions.touch(tenant.id, session.uid, { idle, absolute });
    return {
      ctx,
      site,
      tenant,
      user,
      session,
      sessionUid: session.uid,
      owned: await ownedFactors(tenant, user),
      csrf: csrfToken(site.secrets.csrfKey, contextOf(session)),
      path: (below) => accountPath(site, below),
    };
  }

  /** The session that this browser has with the issuer, by the protocol library's own cookie. */
  async function sessionOf(ctx: Context, { provider, tenant }: TenantSite): Promise<Session | undefined> {
    const { uid, accountId } = await provider.Session.get(ctx);
    return accountId === undefined ? undefined : sessions.findByUid(tenant.id, uid);
  }

  return {
    open,

    onPage(path, show) {
      router.get(`/account/${path}`, async (ctx) => {
        const visit = await open(ctx);
        if (visit && hasFreshProof(visit)) await show(visit);
      });
    },

    onForm(path, schema, answer) {
      router.post(`/account/${path}`, async (ctx) => {
        const visit = await open(ctx);
        if (!visit) return;
        const form = await readForm(ctx, visit.site, contextOf(visit.session), schema);
        if (hasFreshProof(visit)) await answer(visit, form);
      });
    },
  };
}

/** Leads the browser to a page of the account; from the overview to itself without what the URL carried. */
export function leadTo(visit: Pick<AccountVisit, 'ctx' | 'path'>, below?: string): void {
  visit.ctx.status = 303;
  visit.ctx.redirect(visit.path(below));
}

export function accountPath(site: TenantSite, below?: string): string {
  return pathIn(site, below === undefined ? '/account' : `/account/${below}`);
}

export function notFound(): AppError {
  return new AppError('not_found', 404, 'There is nothing here.');
}

/** The page below the account that a sign-in came back for; undefined for what is none of ours. */
export function wantedPage(state: unknown): string | undefined {
  return typeof state === 'string' && LED_BACK_TO.exec(state)?.[0] === state ? state : undefined;
}

/** Otherwise the browser is on its way to prove one. */
function hasFreshProof({ ctx, site, tenant, session, owned }: AccountVisit): boolean {
  const now = epochSeconds(Date.now());
  const { policy } = tenant.settings;
  if (isFresh(policy, session.proofs, owned, now)) return true;

  const needed = levelToChange(policy, owned);
  // What only recovery codes reach is not to be had by asking for it; who has nothing else is asked for one all the same.
  const level = needed && isAttainable(policy, needed) ? needed : undefined;
  const { acr, authTime = 0 } = session;
  const seemsEnough = now - authTime <= FRESH && reaches(isLevel(acr) ? acr : undefined, level ?? 'sfa');
  signIn(ctx, site, {
    state: pageOf(ctx),
    acr_values: level,
    max_age: String(FRESH),
    // What is asked for is there, and yet no proof is: without this nobody would be asked, and sent back and forth.
    prompt: seemsEnough || level !== needed ? 'login' : undefined,
  });
  return false;
}

function signIn(ctx: Context, { issuer }: TenantSite, wishes: Record<string, string | undefined>): undefined {
  const parameters = new URLSearchParams({
    client_id: ACCOUNT_CLIENT,
    response_type: 'none',
    redirect_uri: `${issuer}/account`,
    scope: 'openid',
  });
  for (const [name, value] of Object.entries(wishes)) if (value !== undefined) parameters.set(name, value);
  ctx.status = 303;
  ctx.redirect(`${issuer}/auth?${parameters.toString()}`);
}

/** The page that was asked for, or whose form was sent. */
function pageOf(ctx: Context): string | undefined {
  return LED_BACK_TO.exec(ctx.path.slice('/account/'.length))?.[0];
}

function contextOf({ uid }: Session): string {
  return `account:${uid}`;
}
