// The pages of a login: which page says what, with which status. What led there is the routes'; the pages on which a factor is
// set up are enrolment-pages.ts's.

import type { BindNotice } from '../directory/directory.ts';
import type { SignInRefusal } from '../first-factors/password-sign-in.ts';
import type { CodeProblem, NewPasswordProblem, PasswordProblem } from '../http/form-problems.ts';
import type { Refusal } from '../http/form-refusals.ts';
import type { PageName, Pages } from '../http/pages.ts';
import type { Answer, PageSender } from '../http/send-page.ts';
import { sentCode } from '../http/sent-code.ts';
import type { TenantSite } from '../http/tenant-context.ts';
import { PASSWORD_LENGTH } from '../security/password-policy.ts';
import type { ShownChallenge } from '../second-factors/prove.ts';
import { loginNameOf } from '../users/users.ts';
import { factorChoices } from './factor-choices.ts';
import type { Interaction } from './interactions.ts';
import type { ChangePasswordStep } from './next-step.ts';
import type { Visit } from './visits.ts';

export interface FirstPage {
  username: string | undefined;
  passkey: { options: string; unknown?: string | undefined } | undefined;
}

export interface LoginPages {
  first(visit: Visit, page: FirstPage, refusal?: Refusal<PasswordProblem>): void;
  challenge(visit: Visit, shown: ShownChallenge, refusal?: Refusal<CodeProblem>): void;
  choices(visit: Visit, refusal?: Refusal<CodeProblem>): void;
  changePassword(visit: Visit, step: ChangePasswordStep, refusal?: Refusal<NewPasswordProblem>): void;
  /** `mayChange`: the password, here. */
  notice(visit: Visit, notice: BindNotice, mayChange: boolean): void;
  notAllowed(visit: Visit): void;
  /** A first factor is set up elsewhere. */
  enrolByLink(visit: Visit): void;
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
        passkey: passkey && {
          options: passkey.options,
          unknown: hasPasskeysAlone(interaction.site) ? passkey.unknown : undefined,
          action: interaction.path('passkey'),
        },
      };
      send(visit)('login/password', data, refusal);
    },

    challenge(visit, shown, refusal) {
      const data = { ...secondStep(visit, shown.factor === 'passkey' ? 'passkey' : 'code'), problem: refusal?.problem };
      if (shown.factor === 'passkey') {
        send(visit)('login/passkey', { ...data, passkey: { options: shown.options } }, refusal);
      } else {
        const resend = visit.interaction.path('resend');
        const ask = 'sent' in shown ? { factor: shown.factor, sent: sentCode(shown, resend) } : shown;
        send(visit)('login/code', { ...data, ask }, refusal);
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
      send(visit)('login/choose', data, refusal);
    },

    changePassword(visit, { why, withSecondFactor }, refusal) {
      const { interaction } = visit;
      const data = {
        ...personForm(visit, 'change-password'),
        reason: why,
        shortest: withSecondFactor ? PASSWORD_LENGTH.withSecondFactor : PASSWORD_LENGTH.alone,
        notNowAction: why === 'chosen' ? interaction.path('notice') : undefined,
        problem: refusal?.problem,
        passwordHelpUrl: interaction.site.tenant.settings.passwordHelpUrl,
      };
      send(visit)('login/change-password', data, refusal);
    },

    notice(visit, { passwordExpiresIn, graceLoginsLeft }, mayChange) {
      const { interaction } = visit;
      const data = {
        ...formOf(interaction, 'notice'),
        passwordExpiresInDays: passwordExpiresIn === undefined ? undefined : Math.floor(passwordExpiresIn / DAY),
        graceLoginsLeft,
        mayChange,
        passwordHelpUrl: interaction.site.tenant.settings.passwordHelpUrl,
      };
      send(visit)('login/notice', data);
    },

    notAllowed(visit) {
      send(visit)('login/not-allowed', personForm(visit, 'deny'), { status: 403 });
    },

    enrolByLink(visit) {
      const { username, startOverUrl } = personForm(visit, 'start-over');
      send(visit)('login/enrol-by-link', { username, startOverUrl }, { status: 403 });
    },

    refused(visit, reason) {
      const { passwordHelpUrl } = visit.interaction.site.tenant.settings;
      const startOverUrl = visit.interaction.path();
      if (reason === 'must-change' || reason === 'expired') {
        send(visit)('login/password-expired', { reason, passwordHelpUrl, startOverUrl }, { status: 403 });
      } else {
        const told = reason === 'account-disabled' ? 'disabled' : reason;
        send(visit)('login/refused', { reason: told, startOverUrl }, { status: 403 });
      }
    },
  };
}

/** Answers a visit: in the language of the app's or the person's choice, and with the refusal's status where there is one. */
export function pageOf(sender: PageSender) {
  return ({ ctx, interaction, login: { user } }: Visit) =>
    <N extends PageName>(name: N, data: Pages[N], { status, retryAfter }: Answer = {}): void => {
      const hints = { uiLocales: interaction.uiLocales, locale: user?.profile.locale };
      sender.sendPage(ctx, name, data, { status, retryAfter, ...hints, address: interaction.path() });
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

/** The RP id is this tenant's alone. Elsewhere a passkey that is unknown here may be another tenant's: no reason to forget it. */
function hasPasskeysAlone({ tenant: { settings }, issuer }: TenantSite): boolean {
  const { hostname } = new URL(issuer);
  return settings.host !== undefined && (settings.policy.passkeys.rpId ?? hostname) === hostname;
}

function formOf(interaction: Interaction, form: string) {
  return { app: interaction.app, action: interaction.path(form), csrf: interaction.csrf };
}

function secondStep(visit: Visit, form: string) {
  const { trustedDevices } = visit.interaction.site.tenant.settings.policy;
  return { ...personForm(visit, form), otherWaysUrl: otherWaysUrl(visit), trustDays: trustedDevices?.days };
}
