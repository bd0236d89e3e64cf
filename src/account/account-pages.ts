// The pages of an account, but for those on which a factor is added: which says what. What led there is account-routes.ts's.

import { ACCOUNT_CLIENT } from '../clients/account-client.ts';
import type { AccountChange, AccountPage } from '../http/account-page.ts';
import { browserName } from '../http/browser-name.ts';
import type { AccountProblem } from '../http/form-problems.ts';
import type { PageName, Pages } from '../http/pages.ts';
import type { Answer, PageSender } from '../http/send-page.ts';
import { pathIn } from '../http/tenant-context.ts';
import { isRecovery, sends } from '../policy/factors.ts';
import { maskContact } from '../second-factors/contacts.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';
import { loginNameOf } from '../users/users.ts';
import type { AccountOverview } from './account.ts';
import type { AccountVisit } from './visits.ts';

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
      send(visit)('account', accountPage(visit, overview, options), options);
    },

    rename(visit, { id, name }, problem) {
      const { csrf, path } = visit;
      const data = { action: path(`factors/${id}/rename`), csrf, cancelUrl: path(), name, problem };
      send(visit)('account/rename', data, problem ? { status: 400 } : {});
    },

    confirm(visit, what) {
      const { ctx, csrf, path, site } = visit;
      send(visit)('account/confirm', { action: pathIn(site, ctx.path), csrf, cancelUrl: path(), ...what });
    },
  };
}

/** Answers a visit, in the language of the person's choice. */
export function pageOf(sender: Pick<PageSender, 'sendPage'>) {
  return ({ ctx, user, path }: AccountVisit) =>
    <N extends PageName>(name: N, data: Pages[N], { status, retryAfter }: Answer = {}): void => {
      sender.sendPage(ctx, name, data, { status, retryAfter, locale: user.profile.locale, address: path() });
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
    add: overview.addable.flatMap((factor) => (isRecovery(factor) ? [] : [{ factor, url: path(`add/${factor}`) }])),
    recoveryCodes: recoveryCodesOn(visit, overview),
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

function recoveryCodesOn({ path }: AccountVisit, { addable, factors }: AccountOverview): AccountPage['recoveryCodes'] {
  if (!addable.some(isRecovery)) return undefined;
  const codes = factors.find(({ factor }) => isRecovery(factor));
  return { remaining: codes?.remaining ?? 0, url: path('add/recovery-code') };
}

function factorOn({ path }: AccountVisit, one: AccountOverview['factors'][number]): AccountPage['factors'] {
  const { id, factor, name, secret, createdAt, lastUsedAt, mayRename, mayRemove } = one;
  if (isRecovery(factor)) return [];
  return [
    {
      factor,
      name: name === '' ? undefined : name,
      target: sends(factor) ? maskContact(factor, secret) : undefined,
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
