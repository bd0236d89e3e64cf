// The hosted pages of a login, below {issuer}/interaction/{uid}: what login.ts says, as pages and redirects. Each form leads back
// to the page, which asks what comes next; the last step hands the result to the protocol library. The forms of the factors are
// in files of their own.

import { Router } from '@koa/router';
import { z } from 'zod';

import { keepDeviceMark } from '../http/device-cookie.ts';
import { consentRoutes } from './consent-routes.ts';
import type { ConsentDeps } from './consent-routes.ts';
import { enrolmentRoutes } from './enrolment-routes.ts';
import { firstFactorRoutes } from './first-factor-routes.ts';
import { createLoginPages } from './login-pages.ts';
import type { Logins } from './login.ts';
import { passwordChangeRoutes } from './password-change-routes.ts';
import { secondFactorRoutes } from './second-factor-routes.ts';
import { back, createVisits } from './visits.ts';
import type { Visit } from './visits.ts';

export interface LoginRouteDeps extends ConsentDeps {
  logins: Logins;
}

const emptyForm = z.strictObject({});
const noticeForm = z.strictObject({ change: z.literal('yes').optional() });
const passkeyForm = z.object({ credential: z.string().max(50_000), trust: z.literal('yes').optional() });

/** Seconds: the end asks the directory, some servers of which may have to be given up first. Cut short, it is a login lost. */
const LONGEST_END = 15;

export function loginRoutes(deps: LoginRouteDeps): Router {
  const { logins, interactions, sender } = deps;
  const router = new Router();
  const visits = createVisits(router, deps);
  const pages = createLoginPages(sender);
  const showConsent = consentRoutes(router, deps);
  const parts = { ...deps, visits, pages };
  const first = firstFactorRoutes(parts);
  const second = secondFactorRoutes(parts);
  const enrolment = enrolmentRoutes(parts);
  const passwordChange = passwordChangeRoutes(parts);

  router.get('/interaction/:uid', async (ctx) => {
    const interaction = await interactions.find(ctx);
    if (interaction.details.prompt.name === 'consent') return showConsent(ctx, interaction);
    return showStep(await visits.open(ctx, interaction));
  });

  // Alone on the first page, or as a second factor.
  visits.onForm('passkey', passkeyForm, (visit, { credential, trust }) =>
    visit.login.step.step === 'prove'
      ? second.answer(visit, { answer: credential, trust: trust === 'yes' })
      : first.passkey(visit, credential),
  );

  visits.onForm('resend', emptyForm, (visit) =>
    visit.login.step.step === 'prove' ? second.resend(visit) : enrolment.resend(visit),
  );

  visits.onForm('notice', noticeForm, async (visit, { change }) => {
    await (change ? logins.chooseToChangePassword(visit.login) : logins.acknowledge(visit.login));
    back(visit);
  });

  visits.onForm('deny', emptyForm, ({ ctx, interaction, login }) => {
    if (login.step.step !== 'not-allowed') return back({ ctx, interaction, login });
    const description = 'the person may not use this application';
    return interactions.leave(ctx, interaction, { error: 'access_denied', error_description: description });
  });

  visits.onPage('start-over', async (visit) => {
    await logins.startOver(visit.login);
    back(visit);
  });

  return router;

  function showStep(visit: Visit): void | Promise<void> {
    const { ctx, interaction, login } = visit;
    const { step } = login;
    switch (step.step) {
      case 'password':
        return first.show(visit);
      case 'prove':
        return second.show(visit);
      case 'enrol':
        return enrolment.show(visit);
      case 'enrol-by-link':
        return pages.enrolByLink(visit);
      case 'notice':
        return pages.notice(visit, step.notice, logins.mayChangePassword(login));
      case 'change-password':
        return passwordChange.show(visit);
      case 'not-allowed':
        return pages.notAllowed(visit);
      case 'finish':
        return logins.inTurn(interaction.site.tenant.id, interaction.details.uid, () => finish(visit), LONGEST_END);
      case 'refuse':
        return interactions.leave(ctx, interaction, {
          error: step.reason,
          error_description: 'no way to sign in here reaches the acr that is asked for',
        });
    }
  }

  /** Whoever waited for another one's end finds that the login has moved on, and the page tells them how it ended. */
  async function finish(visit: Visit): Promise<void> {
    const { ctx, interaction, login } = visit;
    const outcome = await logins.finish(login);
    if (!outcome.ok) return outcome.reason === 'moved-on' ? back(visit) : pages.refused(visit, outcome.reason);
    const { result, device } = outcome.value;
    if (device) keepDeviceMark(ctx, interaction.site, device);
    return interactions.leave(ctx, interaction, { login: { ...result } });
  }
}
