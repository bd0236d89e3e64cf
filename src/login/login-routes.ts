// The hosted pages of a login, below {issuer}/interaction/{uid}: what login.ts says, as pages and redirects. Each form leads back
// to the page, which asks what comes next; the last step hands the result to the protocol library.

import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';

import { AppError } from '../errors.ts';
import type { CodeProblem, PasswordProblem } from '../http/form-problems.ts';
import type { PageSender } from '../http/send-page.ts';
import { acrRequestOf } from '../policy/acr-request.ts';
import { consentRoutes } from './consent-routes.ts';
import type { ConsentDeps } from './consent-routes.ts';
import type { Interaction, Interactions } from './interactions.ts';
import type { Login, Logins, PasswordRefusal } from './login.ts';

export interface LoginRouteDeps extends ConsentDeps {
  logins: Logins;
  interactions: Interactions;
  sender: PageSender;
}

/** One login and its browser. */
interface Visit {
  ctx: Context;
  interaction: Interaction;
  login: Login;
}

const passwordForm = z.object({ username: z.string(), password: z.string() });
const codeForm = z.object({ code: z.string().max(100) });

const DAY = 86_400;

export function loginRoutes(deps: LoginRouteDeps): Router {
  const { logins, interactions, sender } = deps;
  const router = new Router();
  const showConsent = consentRoutes(router, deps);

  router.get('/interaction/:uid', async (ctx) => {
    const interaction = await interactions.find(ctx);
    if (interaction.details.prompt.name === 'consent') return showConsent(ctx, interaction);
    return showStep(await visit(ctx, interaction));
  });

  onForm('password', passwordForm, async (visited, form) => {
    const { ctx, interaction, login } = visited;
    const missing = missingField(form);
    if (missing) return showPassword(visited, 400, form.username, missing);
    try {
      const outcome = await logins.password(login, { ...form, address: ctx.ip });
      if (outcome.ok) return back(ctx, interaction);
      if (outcome.reason === 'blocked') return showBlocked(visited, form.username, outcome.retryAfter);
      return showRefusal(visited, form.username, outcome.reason);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'directory_unavailable')) throw error;
      if (error.retryAfter !== undefined) ctx.set('Retry-After', String(error.retryAfter));
      return showPassword(visited, 503, form.username, { reason: 'directory-unavailable' });
    }
  });

  onForm('code', codeForm, async (visited, { code }) => {
    const { ctx, interaction, login } = visited;
    const outcome = await logins.prove(login, { code, address: ctx.ip });
    if (outcome.ok || outcome.reason === 'moved-on' || outcome.reason === 'not-enrolled') return back(ctx, interaction);
    if (outcome.reason === 'blocked') ctx.set('Retry-After', String(outcome.retryAfter));
    const problem = outcome.reason === 'blocked' ? tooMany(outcome.retryAfter) : codeProblem(outcome.reason);
    return showCode(visited, outcome.reason === 'blocked' ? 429 : 400, problem);
  });

  onForm('enrol', codeForm, async (visited, { code }) => {
    const outcome = await logins.enrol(visited.login, { code });
    if (!outcome.ok && outcome.reason !== 'moved-on' && outcome.reason !== 'not-first') {
      return showEnrolment(visited, 400, codeProblem(outcome.reason));
    }
    return back(visited.ctx, visited.interaction);
  });

  onForm('notice', z.strictObject({}), async ({ ctx, interaction, login }) => {
    await logins.acknowledge(login);
    back(ctx, interaction);
  });

  router.get('/interaction/:uid/start-over', async (ctx) => {
    const interaction = await interactions.find(ctx);
    const { login } = await visit(ctx, interaction);
    await logins.startOver(login);
    back(ctx, interaction);
  });

  return router;

  /** One form of a login after the other: the second one of a double click finds what the first one did. */
  function onForm<S extends z.ZodType>(
    name: string,
    schema: S,
    answer: (visited: Visit, form: z.output<S>) => void | Promise<void>,
  ): void {
    router.post(`/interaction/:uid/${name}`, async (ctx) => {
      const interaction = await interactions.find(ctx);
      const form = await interactions.form(ctx, interaction, schema);
      await logins.inTurn(interaction.site.tenant.id, interaction.details.uid, async () =>
        answer(await visit(ctx, interaction), form),
      );
    });
  }

  async function visit(ctx: Context, interaction: Interaction): Promise<Visit> {
    const { site, details, client } = interaction;
    const login = await logins.open({
      tenant: site.tenant,
      uid: details.uid,
      clientId: String(details.params.client_id),
      minimumAcr: client?.metadata.minimumAcr,
      acr: acrRequestOf(details.params),
      reasons: details.prompt.reasons,
      sessionUid: details.session?.uid,
    });
    return { ctx, interaction, login };
  }

  async function showStep(visited: Visit): Promise<void> {
    const { ctx, interaction, login } = visited;
    const { step } = login;
    switch (step.step) {
      case 'password':
        showPassword(visited, 200, hintOf(interaction), undefined);
        return;
      case 'prove':
        showCode(visited, 200, undefined);
        return;
      case 'enrol':
        return showEnrolment(visited, 200, undefined);
      case 'notice':
        showNotice(visited);
        return;
      case 'finish':
        return finish(visited);
      case 'refuse':
        return interactions.leave(ctx, interaction, {
          error: step.reason,
          error_description: 'no way to sign in here reaches the acr that is asked for',
        });
    }
  }

  function showPassword(visited: Visit, status: number, username: string | undefined, problem?: PasswordProblem): void {
    const { ctx, interaction } = visited;
    const data = {
      ...formOf(interaction, 'password'),
      username,
      problem,
      notice: interaction.details.session ? ('confirm-identity' as const) : undefined,
      passwordHelpUrl: interaction.site.tenant.settings.passwordHelpUrl,
    };
    sender.sendPage(ctx, 'login/password', data, optionsOf(interaction, status));
  }

  function showBlocked(visited: Visit, username: string, retryAfter: number): void {
    visited.ctx.set('Retry-After', String(retryAfter));
    showPassword(visited, 429, username, tooMany(retryAfter));
  }

  function showRefusal(visited: Visit, username: string, reason: PasswordRefusal): void {
    const { ctx, interaction } = visited;
    const startOverUrl = interaction.path();
    const options = optionsOf(interaction, 403);
    switch (reason) {
      case 'moved-on':
        return back(ctx, interaction);
      case 'bad-credentials':
        return showPassword(visited, 401, username, { reason: 'wrong-password' });
      case 'must-change':
      case 'expired': {
        const { passwordHelpUrl } = interaction.site.tenant.settings;
        return sender.sendPage(ctx, 'login/password-expired', { reason, passwordHelpUrl, startOverUrl }, options);
      }
      case 'account-disabled':
        return sender.sendPage(ctx, 'login/refused', { reason: 'disabled', startOverUrl }, options);
      case 'account-expired':
      case 'not-now':
        return sender.sendPage(ctx, 'login/refused', { reason, startOverUrl }, options);
    }
  }

  function showCode({ ctx, interaction, login }: Visit, status: number, problem: CodeProblem | undefined): void {
    const data = { ...signInForm(interaction, 'code'), username: login.user?.username ?? '', problem };
    sender.sendPage(ctx, 'login/totp', data, optionsOf(interaction, status));
  }

  async function showEnrolment(visited: Visit, status: number, problem: CodeProblem | undefined): Promise<void> {
    const { ctx, interaction, login } = visited;
    const pending = await logins.enrolment(login);
    if (!pending.ok) return back(ctx, interaction);
    const username = login.user?.username ?? '';
    const data = { ...signInForm(interaction, 'enrol'), ...pending.value, username, problem };
    sender.sendPage(ctx, 'login/totp-enrol', data, optionsOf(interaction, status));
  }

  function showNotice({ ctx, interaction, login: { step } }: Visit): void {
    if (step.step !== 'notice') return;
    const { passwordExpiresIn, graceLoginsLeft } = step.notice;
    const data = {
      ...formOf(interaction, 'notice'),
      passwordExpiresInDays: passwordExpiresIn === undefined ? undefined : Math.floor(passwordExpiresIn / DAY),
      graceLoginsLeft,
      passwordHelpUrl: interaction.site.tenant.settings.passwordHelpUrl,
    };
    sender.sendPage(ctx, 'login/notice', data, optionsOf(interaction, 200));
  }

  async function finish({ ctx, interaction, login }: Visit): Promise<void> {
    const outcome = await logins.finish(login);
    if (outcome.ok) return interactions.leave(ctx, interaction, { login: { ...outcome.value } });
    if (outcome.reason === 'moved-on') return back(ctx, interaction);
    await logins.startOver(login);
    const data = { reason: 'disabled', startOverUrl: interaction.path() } as const;
    return sender.sendPage(ctx, 'login/refused', data, optionsOf(interaction, 403));
  }
}

function back(ctx: Context, interaction: Interaction): void {
  ctx.status = 303;
  ctx.redirect(interaction.path());
}

function formOf(interaction: Interaction, form: string) {
  return { app: interaction.app, action: interaction.path(form), csrf: interaction.csrf };
}

function signInForm(interaction: Interaction, form: string) {
  return { ...formOf(interaction, form), startOverUrl: interaction.path('start-over') };
}

function optionsOf({ details }: Interaction, status: number) {
  const { ui_locales: uiLocales } = details.params;
  return { status, uiLocales: typeof uiLocales === 'string' ? uiLocales : undefined };
}

/** `login_hint` (OpenID Connect Core 3.1.2.1): an application's guess, shown and not believed. */
function hintOf({ details }: Interaction): string | undefined {
  const { login_hint: hint } = details.params;
  return typeof hint === 'string' && hint.length <= 256 ? hint : undefined;
}

function missingField({ username, password }: { username: string; password: string }): PasswordProblem | undefined {
  if (username.trim() === '') return { reason: 'no-username' };
  return password === '' ? { reason: 'no-password' } : undefined;
}

/** Wrong and used read the same: that a code was right once is for nobody else to learn. */
function codeProblem(reason: 'malformed' | 'wrong' | 'replayed'): CodeProblem {
  return { reason: reason === 'malformed' ? 'malformed-code' : 'wrong-code' };
}

function tooMany(retryAfter: number) {
  return { reason: 'too-many-attempts', minutes: Math.ceil(retryAfter / 60) } as const;
}
