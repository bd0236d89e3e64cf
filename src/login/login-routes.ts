// The hosted pages of a login, below {issuer}/interaction/{uid}: what login.ts says, as pages and redirects. Each form leads back
// to the page, which asks what comes next; the last step hands the result to the protocol library.

import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';

import { AppError } from '../errors.ts';
import type { CodeProblem, PasswordProblem } from '../http/form-problems.ts';
import { acrRequestOf } from '../policy/acr-request.ts';
import { consentRoutes } from './consent-routes.ts';
import type { ConsentDeps } from './consent-routes.ts';
import type { Interaction } from './interactions.ts';
import { createLoginPages } from './login-pages.ts';
import type { Refusal, Visit } from './login-pages.ts';
import { loginNameOf } from '../users/users.ts';
import type { Logins } from './login.ts';

export interface LoginRouteDeps extends ConsentDeps {
  logins: Logins;
}

const passwordForm = z.object({ username: z.string(), password: z.string() });
const codeForm = z.object({ code: z.string().max(100) });

export function loginRoutes(deps: LoginRouteDeps): Router {
  const { logins, interactions, sender } = deps;
  const pages = createLoginPages(sender);
  const router = new Router();
  const showConsent = consentRoutes(router, deps);

  router.get('/interaction/:uid', async (ctx) => {
    const interaction = await interactions.find(ctx);
    if (interaction.details.prompt.name === 'consent') return showConsent(ctx, interaction);
    return showStep(await visit(ctx, interaction));
  });

  onForm('password', passwordForm, async (visited, form) => {
    const { ctx, login } = visited;
    const missing = missingField(form);
    if (missing) return pages.password(visited, form.username, missing);
    try {
      const outcome = await logins.password(login, { ...form, address: ctx.ip });
      if (outcome.ok || outcome.reason === 'moved-on') return back(visited);
      if (outcome.reason === 'blocked') return pages.password(visited, form.username, tooMany(ctx, outcome.retryAfter));
      if (outcome.reason === 'bad-credentials') return pages.password(visited, form.username, WRONG_PASSWORD);
      return pages.refused(visited, outcome.reason);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'directory_unavailable')) throw error;
      if (error.retryAfter !== undefined) ctx.set('Retry-After', String(error.retryAfter));
      return pages.password(visited, form.username, DIRECTORY_UNAVAILABLE);
    }
  });

  onForm('code', codeForm, async (visited, { code }) => {
    const { ctx, login } = visited;
    const outcome = await logins.prove(login, { code, address: ctx.ip });
    if (outcome.ok || outcome.reason === 'moved-on' || outcome.reason === 'not-enrolled') return back(visited);
    return pages.code(
      visited,
      outcome.reason === 'blocked' ? tooMany(ctx, outcome.retryAfter) : wrongCode(outcome.reason),
    );
  });

  onForm('enrol', codeForm, async (visited, { code }) => {
    const outcome = await logins.enrol(visited.login, { code });
    if (outcome.ok || outcome.reason === 'moved-on' || outcome.reason === 'not-first') return back(visited);
    return showEnrolment(visited, wrongCode(outcome.reason));
  });

  onForm('notice', z.strictObject({}), async (visited) => {
    await logins.acknowledge(visited.login);
    back(visited);
  });

  router.get('/interaction/:uid/start-over', async (ctx) => {
    const visited = await visit(ctx, await interactions.find(ctx));
    await logins.startOver(visited.login);
    back(visited);
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
        return pages.password(visited, hintOf(interaction) ?? (await signedInAs(interaction)));
      case 'prove':
        return pages.code(visited);
      case 'enrol':
        return showEnrolment(visited);
      case 'notice':
        return pages.notice(visited, step.notice);
      case 'finish':
        return finish(visited);
      case 'refuse':
        return interactions.leave(ctx, interaction, {
          error: step.reason,
          error_description: 'no way to sign in here reaches the acr that is asked for',
        });
    }
  }

  /** Who has a session is asked for the password alone; somebody else may still write over the name. */
  async function signedInAs({ site, details: { session } }: Interaction): Promise<string | undefined> {
    const user = session && (await deps.users.find(site.tenant.id, session.accountId));
    return user && loginNameOf(user);
  }

  async function showEnrolment(visited: Visit, refusal?: Refusal<CodeProblem>): Promise<void> {
    const pending = await logins.enrolment(visited.login);
    return pending.ok ? pages.enrolment(visited, pending.value, refusal) : back(visited);
  }

  async function finish(visited: Visit): Promise<void> {
    const { ctx, interaction, login } = visited;
    const outcome = await logins.finish(login);
    if (outcome.ok) return interactions.leave(ctx, interaction, { login: { ...outcome.value } });
    if (outcome.reason === 'moved-on') return back(visited);
    await logins.startOver(login);
    return pages.refused(visited, outcome.reason);
  }
}

function back({ ctx, interaction }: Visit): void {
  ctx.status = 303;
  ctx.redirect(interaction.path());
}

/** `login_hint` (OpenID Connect Core 3.1.2.1): an application's guess, shown and not believed. */
function hintOf({ details }: Interaction): string | undefined {
  const { login_hint: hint } = details.params;
  return typeof hint === 'string' && hint.length <= 256 ? hint : undefined;
}

const WRONG_PASSWORD = { status: 401, problem: { reason: 'wrong-password' } } as const;
const DIRECTORY_UNAVAILABLE = { status: 503, problem: { reason: 'directory-unavailable' } } as const;

function missingField({ username, password }: z.output<typeof passwordForm>): Refusal<PasswordProblem> | undefined {
  if (username.trim() === '') return { status: 400, problem: { reason: 'no-username' } };
  return password === '' ? { status: 400, problem: { reason: 'no-password' } } : undefined;
}

/** Wrong and used read the same: that a code was right once is for nobody else to learn. */
function wrongCode(reason: 'malformed' | 'wrong' | 'replayed'): Refusal<CodeProblem> {
  return { status: 400, problem: { reason: reason === 'malformed' ? 'malformed-code' : 'wrong-code' } };
}

function tooMany(ctx: Context, retryAfter: number): Refusal<PasswordProblem & CodeProblem> {
  ctx.set('Retry-After', String(retryAfter));
  return { status: 429, problem: { reason: 'too-many-attempts', minutes: Math.ceil(retryAfter / 60) } };
}
