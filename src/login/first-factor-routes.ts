// The first page of a login: a name and a password, or a passkey alone.

import { z } from 'zod';

import { deviceMarkOf, hasDeviceMark } from '../http/device-cookie.ts';
import type { PasswordProblem } from '../http/form-problems.ts';
import {
  DIRECTORY_UNAVAILABLE,
  WRONG_PASSWORD,
  passkeyRefusal,
  tellingOutages,
  tooManyAttempts,
} from '../http/form-refusals.ts';
import type { Refusal } from '../http/form-refusals.ts';
import { loginNameOf } from '../users/users.ts';
import type { Users } from '../users/users.ts';
import type { Interaction } from './interactions.ts';
import type { LoginPages } from './login-pages.ts';
import type { Logins } from './login.ts';
import { back } from './visits.ts';
import type { Visit, Visits } from './visits.ts';

export interface FirstFactorRouteDeps {
  logins: Logins;
  users: Pick<Users, 'find'>;
  pages: LoginPages;
  visits: Visits;
}

export interface FirstFactorRoutes {
  show(visit: Visit): Promise<void>;
  /** A passkey alone. */
  passkey(visit: Visit, credential: string): Promise<void>;
}

/** The form as it comes back, or for the first time. */
interface FirstForm {
  username: string | undefined;
  refusal?: Refusal<PasswordProblem>;
  /** The credential id of a passkey that nobody here has. */
  unknown?: string | undefined;
}

const passwordForm = z.object({ username: z.string(), password: z.string() });

export function firstFactorRoutes({ logins, users, pages, visits }: FirstFactorRouteDeps): FirstFactorRoutes {
  visits.onForm('password', passwordForm, async (visit, form) => {
    const { ctx, interaction } = visit;
    const again = (refusal: Refusal<PasswordProblem>) => show(visit, { username: form.username, refusal });
    const missing = missingField(form);
    if (missing) return again(missing);
    const { site } = interaction;
    const deviceMarks = {
      any: hasDeviceMark(ctx, site),
      of: (userId: string) => deviceMarkOf(ctx, site, userId),
    };
    return tellingOutages(DIRECTORY_UNAVAILABLE, again, async () => {
      const outcome = await logins.password(visit.login, { ...form, address: ctx.ip, deviceMarks });
      if (outcome.ok || outcome.reason === 'moved-on') return back(visit);
      if (outcome.reason === 'blocked') return again(tooManyAttempts(outcome));
      if (outcome.reason === 'bad-credentials') return again(WRONG_PASSWORD);
      return pages.refused(visit, outcome.reason);
    });
  });

  return { show: showFirst, passkey: answerPasskey };

  async function showFirst(visit: Visit): Promise<void> {
    const { interaction } = visit;
    return show(visit, { username: hintOf(interaction) ?? (await signedInAs(interaction)) });
  }

  async function answerPasskey(visit: Visit, credential: string): Promise<void> {
    const again = async (refusal: Refusal<PasswordProblem>, unknown?: string) =>
      show(visit, { username: hintOf(visit.interaction), refusal, unknown });
    return tellingOutages(DIRECTORY_UNAVAILABLE, again, async () => {
      const outcome = await logins.passkey(visit.login, { credential, address: visit.ctx.ip });
      if (outcome.ok || outcome.reason === 'moved-on') return back(visit);
      if (outcome.reason === 'blocked') return again(tooManyAttempts(outcome));
      if (outcome.reason === 'account-disabled') return pages.refused(visit, outcome.reason);
      const unknown = outcome.reason === 'unknown' ? credentialIdIn(credential) : undefined;
      return again(passkeyRefusal(outcome.reason), unknown);
    });
  }

  async function show(visit: Visit, { username, refusal, unknown }: FirstForm): Promise<void> {
    const options = await logins.passkeyOptions(visit.login);
    const passkey = options === undefined ? undefined : { options, unknown };
    pages.first(visit, { username, passkey }, refusal);
  }

  /** Who has a session is asked for the password alone; somebody else may still write over the name. */
  async function signedInAs({ site, details: { session } }: Interaction): Promise<string | undefined> {
    const user = session && (await users.find(site.tenant.id, session.accountId));
    return user && loginNameOf(user);
  }
}

function missingField({ username, password }: z.output<typeof passwordForm>): Refusal<PasswordProblem> | undefined {
  if (username.trim() === '') return { status: 400, problem: { reason: 'no-username' } };
  return password === '' ? { status: 400, problem: { reason: 'no-password' } } : undefined;
}

/** `login_hint` (OpenID Connect Core 3.1.2.1): an application's guess, shown and not believed. */
function hintOf({ details }: Interaction): string | undefined {
  const { login_hint: hint } = details.params;
  return typeof hint === 'string' && hint.length <= 256 ? hint : undefined;
}

const credentialJson = z.object({ id: z.string().regex(/^[\w-]{1,1400}$/) });

/** By it the browser can be told to forget the passkey (WebAuthn Level 3, 5.1.10). */
function credentialIdIn(credential: string): string | undefined {
  try {
    return credentialJson.safeParse(JSON.parse(credential)).data?.id;
  } catch {
    return undefined;
  }
}
