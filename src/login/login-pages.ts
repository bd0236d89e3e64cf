// The pages of a login: which page says what, with which status. What led there is the routes'; the pages on which a factor is
// set up are enrolment-pages.ts's.

import type { BindNotice } from '../directory/directory.ts';
import type { SignInRefusal } from '../first-factors/password-sign-in.ts';
import type { CodeProblem, PasswordProblem } from '../http/form-problems.ts';
import type { PageName, Pages, SentCode } from '../http/pages.ts';
import type { PageSender } from '../http/send-page.ts';
import type { Sent } from '../second-factors/questions.ts';
import type { ChallengeView } from '../second-factors/second-factor.ts';
import { loginNameOf } from '../users/users.ts';
import { factorChoices } from './factor-choices.ts';
import type { Interaction } from './interactions.ts';
import type { Refusal } from './refusals.ts';
import type { Visit } from './visits.ts';

export interface FirstPage {
  username: string | undefined;
  passkey: { options: string; unknown?: string | undefined } | undefined;
}

export interface Asked {
  view: ChallengeView;
  sent: Sent | undefined;
}

export interface LoginPages {
  first(visit: Visit, page: FirstPage, refusal?: Refusal<PasswordProblem>): void;
  question(visit: Visit, asked: Asked, refusal?: Refusal<CodeProblem>): void;
  choices(visit: Visit, refusal?: Refusal<CodeProblem>): void;
  notice(visit: Visit, notice: BindNotice): void;
  notAllowed(visit: Visit): void;
  /** The password was right, and yet the person does not get in. */
  refused(visit: Visit, reason: Exclude<SignInRefusal, 'bad-credentials'>): void;
}

const DAY = 86_400;

export function createLoginPages(sender: PageSender): LoginPages {
  const send = pageOf(sender);

  return {
    first(visit, { username, passkey }, refusal) {
      const { interaction } = visit;
      const { passwordHelpUrl } = interaction.site.tenant.settings;
      const data = {
        ...formOf(interaction, 'password'),
        username,
        problem: refusal?.problem,
        notice: interaction.details.session ? ('confirm-identity' as const) : undefined,
        passwordHelpUrl,
        passkey: passkey && { ...passkeyOf(visit, passkey), action: interaction.path('passkey') },
      };
      send(visit, 'login/password', data, refusal);
    },

    question(visit, { view, sent }, refusal) {
      const data = { ...secondStep(visit, view.factor === 'passkey' ? 'passkey' : 'code'), problem: refusal?.problem };
      if (view.factor === 'passkey') {
        send(visit, 'login/passkey', { ...data, passkey: passkeyOf(visit, view) }, refusal);
      } else {
        const ask = 'target' in view ? { factor: view.factor, sent: sentCode(visit, view.target, sent) } : view;
        send(visit, 'login/code', { ...data, ask }, refusal);
      }
    },

    choices(visit, refusal) {
      const { step, owned } = visit.login;
      const data = {
        ...personForm(visit, 'factor'),
        purpose: step.step === 'enrol' ? ('enrol' as const) : ('prove' as const),
        choices: factorChoices(step, owned),
        problem: refusal?.problem,
      };
      send(visit, 'login/choose', data, refusal);
    },

    notice(visit, { passwordExpiresIn, graceLoginsLeft }) {
      const { interaction } = visit;
      const data = {
        ...formOf(interaction, 'notice'),
        passwordExpiresInDays: passwordExpiresIn === undefined ? undefined : Math.floor(passwordExpiresIn / DAY),
        graceLoginsLeft,
        passwordHelpUrl: interaction.site.tenant.settings.passwordHelpUrl,
      };
      send(visit, 'login/notice', data);
    },

    notAllowed(visit) {
      send(visit, 'login/not-allowed', personForm(visit, 'deny'), { status: 403 });
    },

    refused(visit, reason) {
      const { passwordHelpUrl } = visit.interaction.site.tenant.settings;
      const startOverUrl = visit.interaction.path();
      if (reason === 'must-change' || reason === 'expired') {
        send(visit, 'login/password-expired', { reason, passwordHelpUrl, startOverUrl }, { status: 403 });
      } else {
        const told = reason === 'account-disabled' ? 'disabled' : reason;
        send(visit, 'login/refused', { reason: told, startOverUrl }, { status: 403 });
      }
    },
  };
}

/** Answers a visit: in the language of the app's or the person's choice, and with the refusal's status where there is one. */
export function pageOf(sender: PageSender) {
  return <N extends PageName>(
    { ctx, interaction, login: { user } }: Visit,
    name: N,
    data: Pages[N],
    { status = 200, retryAfter }: Partial<Refusal<unknown>> = {},
  ): void => {
    if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter));
    const hints = { uiLocales: interaction.uiLocales, locale: user?.profile.locale };
    sender.sendPage(ctx, name, data, { status, ...hints, address: interaction.path() });
  };
}

/** A form of somebody who is known. */
export function personForm({ interaction, login: { user } }: Visit, form: string) {
  const startOverUrl = interaction.path('start-over');
  return { ...formOf(interaction, form), username: user ? loginNameOf(user) : '', startOverUrl };
}

export function otherWaysUrl({ interaction, login: { step, owned } }: Visit): string | undefined {
  return factorChoices(step, owned).length > 1 ? interaction.path('factor') : undefined;
}

/** The tenant has a host of its own, where it is the only one that speaks of its passkeys. */
export function passkeyOf<P extends { options: string }>({ interaction }: Visit, passkey: P): P & { ownHost: boolean } {
  return { ...passkey, ownHost: interaction.site.tenant.settings.host !== undefined };
}

export function sentCode({ interaction }: Visit, target: string, sent: Sent | undefined): SentCode {
  const { status = 'waiting', expiresAt = new Date(), resendIn = 0 } = sent ?? {};
  const expiresInMinutes = Math.max(0, Math.ceil((expiresAt.getTime() - Date.now()) / 60_000));
  return { target, status, expiresInMinutes, resendIn, resendAction: interaction.path('resend') };
}

function formOf(interaction: Interaction, form: string) {
  return { app: interaction.app, action: interaction.path(form), csrf: interaction.csrf };
}

function secondStep(visit: Visit, form: string) {
  const { trustedDevices } = visit.interaction.site.tenant.settings.policy;
  return { ...personForm(visit, form), otherWaysUrl: otherWaysUrl(visit), trustDays: trustedDevices?.days };
}
