// The pages of a login: which page says what, with which status. What led there is login-routes.ts's.

import type { Context } from 'koa';

import type { BindNotice } from '../directory/directory.ts';
import type { SignInRefusal } from '../first-factors/password-sign-in.ts';
import type { CodeProblem, PasswordProblem } from '../http/form-problems.ts';
import type { PageSender } from '../http/send-page.ts';
import type { FactorPresentation } from '../second-factors/second-factor.ts';
import type { Interaction } from './interactions.ts';
import type { Login } from './login.ts';
import { loginNameOf } from '../users/users.ts';

/** One login and its browser. */
export interface Visit {
  ctx: Context;
  interaction: Interaction;
  login: Login;
}

/** What is wrong with what was given, and the status that goes with it. */
export interface Refusal<Problem> {
  status: number;
  problem: Problem;
}

export interface LoginPages {
  password(visit: Visit, username: string | undefined, refusal?: Refusal<PasswordProblem>): void;
  code(visit: Visit, refusal?: Refusal<CodeProblem>): void;
  enrolment(visit: Visit, presentation: FactorPresentation, refusal?: Refusal<CodeProblem>): void;
  notice(visit: Visit, notice: BindNotice): void;
  /** The password was right, and yet the person does not get in. */
  refused(visit: Visit, reason: Exclude<SignInRefusal, 'bad-credentials'>): void;
}

const DAY = 86_400;

export function createLoginPages(sender: PageSender): LoginPages {
  return {
    password({ ctx, interaction }, username, refusal) {
      const data = {
        ...formOf(interaction, 'password'),
        username,
        problem: refusal?.problem,
        notice: interaction.details.session ? ('confirm-identity' as const) : undefined,
        passwordHelpUrl: interaction.site.tenant.settings.passwordHelpUrl,
      };
      sender.sendPage(ctx, 'login/password', data, optionsOf(interaction, refusal?.status));
    },

    code({ ctx, interaction, login }, refusal) {
      const data = { ...secondForm(interaction, login, 'code'), problem: refusal?.problem };
      sender.sendPage(ctx, 'login/totp', data, optionsOf(interaction, refusal?.status));
    },

    enrolment({ ctx, interaction, login }, presentation, refusal) {
      const data = { ...secondForm(interaction, login, 'enrol'), ...presentation, problem: refusal?.problem };
      sender.sendPage(ctx, 'login/totp-enrol', data, optionsOf(interaction, refusal?.status));
    },

    notice({ ctx, interaction }, { passwordExpiresIn, graceLoginsLeft }) {
      const data = {
        ...formOf(interaction, 'notice'),
        passwordExpiresInDays: passwordExpiresIn === undefined ? undefined : Math.floor(passwordExpiresIn / DAY),
        graceLoginsLeft,
        passwordHelpUrl: interaction.site.tenant.settings.passwordHelpUrl,
      };
      sender.sendPage(ctx, 'login/notice', data, optionsOf(interaction));
    },

    refused({ ctx, interaction }, reason) {
      const { passwordHelpUrl } = interaction.site.tenant.settings;
      const startOverUrl = interaction.path();
      const options = optionsOf(interaction, 403);
      if (reason === 'must-change' || reason === 'expired') {
        sender.sendPage(ctx, 'login/password-expired', { reason, passwordHelpUrl, startOverUrl }, options);
      } else {
        const told = reason === 'account-disabled' ? 'disabled' : reason;
        sender.sendPage(ctx, 'login/refused', { reason: told, startOverUrl }, options);
      }
    },
  };
}

function formOf(interaction: Interaction, form: string) {
  return { app: interaction.app, action: interaction.path(form), csrf: interaction.csrf };
}

function secondForm(interaction: Interaction, { user }: Login, form: string) {
  const startOverUrl = interaction.path('start-over');
  return { ...formOf(interaction, form), username: user ? loginNameOf(user) : '', startOverUrl };
}

function optionsOf({ details }: Interaction, status = 200) {
  const { ui_locales: uiLocales } = details.params;
  return { status, uiLocales: typeof uiLocales === 'string' ? uiLocales : undefined };
}
