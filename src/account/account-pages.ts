// The pages of an account, but for those on which a factor is added: which says what. What led there is account-routes.ts's.

import { ACCOUNT_CLIENT } from '../clients/account-client.ts';
import { browserName } from '../delivery/browser-name.ts';
import type { AccountProblem } from '../http/form-problems.ts';
import type { AccountChange, AccountPage, PageName, Pages } from '../http/pages.ts';
import type { PageSender } from '../http/send-page.ts';
import { pathIn } from '../http/tenant-context.ts';
import { maskAddress, maskNumber } from '../second-factors/contacts.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';
import { loginNameOf } from '../users/users.ts';
import type { AccountVisit } from './account-visit-routes.ts';
import type { AccountHolder, AccountOverview } from './account.ts';

/** What an answer is besides the page. */
interface Answer {
  /** 200 unless told. */
  status?: number;
  retryAfter?: number;
}

export interface OverviewOptions extends Answer {
  /** What the person has just done. */
  done?: AccountChange | undefined;
  problem?: AccountProblem;
  /** The id of this browser's mark. */
  thisDevice?: string | undefined;
}

export interface AccountPages {
  overview(visit: AccountVisit, overview: AccountOverview, options: OverviewOptions): void;
  rename(visit: AccountVisit, enrolment: Enrolment, problem?: AccountProblem): void;
  confirm(visit: AccountVisit, what: Confirmed): void;
}

type Confirmed = Pages['account/confirm'] extends infer Page
  ? Page extends Pages['account/confirm']
    ? Omit<Page, 'action' | 'csrf' | 'cancelUrl'>
    : never
  : never;

export function createAccountPages(sender: Pick<PageSender, 'sendPage'>): AccountPages {
  const send = pageOf(sender);

  return {
    overview(visit, overview, options) {
      send(visit, 'account', accountPage(visit, overview, options), options);
    },

    rename(visit, { id, name }, problem) {
      const { csrf, path } = visit;
      const data = { action: path(`factors/${id}/rename`), csrf, cancelUrl: path(), name, problem };
      send(visit, 'account/rename', data, problem ? { status: 400 } : {});
    },

    confirm(visit, what) {
      const { ctx, csrf, path, site } = visit;
      send(visit, 'account/confirm', { action: pathIn(site, ctx.path), csrf, cancelUrl: path(), ...what });
    },
  };
}

/** Answers a visit, in the language of the person's choice. */
export function pageOf(sender: Pick<PageSender, 'sendPage'>) {
  return <N extends PageName>(
    { ctx, user, path }: AccountVisit,
    name: N,
    data: Pages[N],
    { status = 200, retryAfter }: Answer = {},
  ): void => {
    if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter));
    sender.sendPage(ctx, name, data, { status, locale: user.profile.locale, address: path() });
  };
}

function accountPage(
  visit: AccountVisit,
  overview: AccountOverview,
  { done, problem, thisDevice }: OverviewOptions,
): AccountPage {
  const { user, csrf, path, site } = visit;
  const username = loginNameOf(user);
  const { devices } = overview;
  return {
    username,
    name: user.profile.name ?? username,
    csrf,
    done,
    problem,
    factors: overview.factors.flatMap((one) => factorOn(visit, one)),
    add: factorsToAdd(visit).flatMap((factor) =>
      factor === 'recovery-code' ? [] : [{ factor, url: path(`add/${factor}`) }],
    ),
    recoveryCodes: recoveryCodesOn(visit),
    devices: devices?.map(({ id, name, address, lastUsedAt, expiresAt }) => {
      const removeAction = path(`devices/${id}/remove`);
      return { name, address, lastUsedAt, expiresAt, removeAction, isThis: id === thisDevice };
    }),
    removeDevicesUrl: devices && devices.length > 0 ? path('devices/remove') : undefined,
    sessions: overview.sessions.map((session) => sessionOn(visit, overview, session)),
    endSessionsUrl: overview.sessions.length > 1 ? path('sessions/end') : undefined,
    signIns: overview.signIns.map(({ at, succeeded, clientId, address, userAgent }) => ({
      at,
      ok: succeeded,
      app: clientId === undefined ? undefined : overview.apps.get(clientId),
      browser: browserName(userAgent),
      address,
    })),
    signOutUrl: pathIn(site, '/session/end'),
  };
}

/** Recovery codes are for whoever has something that can be lost. */
export function factorsToAdd({ tenant, owned }: AccountHolder) {
  const hasFactor = owned.some(({ factor }) => factor !== 'recovery-code');
  return tenant.settings.policy.secondFactors.allowed.filter((factor) => factor !== 'recovery-code' || hasFactor);
}

function recoveryCodesOn(visit: AccountVisit): AccountPage['recoveryCodes'] {
  if (!factorsToAdd(visit).includes('recovery-code')) return undefined;
  const codes = visit.owned.find(({ factor }) => factor === 'recovery-code');
  return { remaining: codes?.remaining ?? 0, url: visit.path('add/recovery-code') };
}

function factorOn({ path }: AccountVisit, one: AccountOverview['factors'][number]): AccountPage['factors'] {
  const { id, factor, name, secret, createdAt, lastUsedAt, mayRename, mayRemove } = one;
  if (factor === 'recovery-code') return [];
  const targets = { sms: maskNumber, email: maskAddress };
  return [
    {
      factor,
      name: name === '' ? undefined : name,
      target: factor === 'sms' || factor === 'email' ? targets[factor](secret) : undefined,
      createdAt: mayRename ? createdAt : undefined,
      lastUsedAt,
      renameUrl: mayRename ? path(`factors/${id}/rename`) : undefined,
      removeUrl: mayRemove ? path(`factors/${id}/remove`) : undefined,
    },
  ];
}

function sessionOn(
  { sessionUid, path }: AccountVisit,
  { apps }: AccountOverview,
  { uid, address, userAgent, signedInAt, lastSeenAt, clientIds }: AccountOverview['sessions'][number],
): AccountPage['sessions'][number] {
  const isThis = uid === sessionUid;
  return {
    browser: browserName(userAgent),
    address,
    signedInAt,
    lastSeenAt,
    apps: clientIds.filter((id) => id !== ACCOUNT_CLIENT).map((id) => apps.get(id) ?? id),
    isThis,
    endAction: isThis ? undefined : path(`sessions/${uid}/end`),
  };
}
