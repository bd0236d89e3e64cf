// Changing the password: the page that asks for the old one and a new one, and its form. There is no field to type the new one
// twice: it can be shown, and password managers fill it in.

import { z } from 'zod';

import type { NewPasswordProblem } from '../http/form-problems.ts';
import { CHANGE_UNAVAILABLE, newPasswordRefusal, tellingOutages, tooManyAttempts } from '../http/form-refusals.ts';
import type { Refusal } from '../http/form-refusals.ts';
import type { LoginPages } from './login-pages.ts';
import type { Logins } from './login.ts';
import { back } from './visits.ts';
import type { Visit, Visits } from './visits.ts';

export interface PasswordChangeRouteDeps {
  logins: Logins;
  pages: LoginPages;
  visits: Visits;
}

export interface PasswordChangeRoutes {
  show(visit: Visit): void;
}

const changeForm = z.object({ 'current-password': z.string(), 'new-password': z.string() });

/** Seconds. The directory is asked several times; a second form must not find the old password gone while the first one still runs. */
const LONGEST_CHANGE = 15;

export function passwordChangeRoutes({ logins, pages, visits }: PasswordChangeRouteDeps): PasswordChangeRoutes {
  visits.onForm(
    'change-password',
    changeForm,
    async (visit, form) => {
      const again = (refusal: Refusal<NewPasswordProblem>) => show(visit, refusal);
      const missing = missingField(form);
      return missing ? again(missing) : tellingOutages(CHANGE_UNAVAILABLE, again, () => change(visit, form));
    },
    LONGEST_CHANGE,
  );

  return { show };

  function show(visit: Visit, refusal?: Refusal<NewPasswordProblem>): void {
    const { step } = visit.login;
    if (step.step === 'change-password') pages.changePassword(visit, step, refusal);
    else back(visit);
  }

  async function change(visit: Visit, form: z.output<typeof changeForm>): Promise<void> {
    const { login, ctx } = visit;
    const outcome = await logins.changePassword(login, {
      current: form['current-password'],
      next: form['new-password'],
      address: ctx.ip,
    });
    if (outcome.ok || outcome.reason === 'moved-on') return back(visit);
    if (outcome.reason === 'blocked') return show(visit, tooManyAttempts(outcome));
    const why = login.step.step === 'change-password' ? login.step.why : 'chosen';
    if (outcome.reason === 'account-disabled') return end(visit, outcome.reason);
    if (outcome.reason === 'not-allowed' && why !== 'chosen') return end(visit, why);
    return show(visit, newPasswordRefusal(outcome.reason));
  }

  /** Nothing that the person could do here leads on. */
  async function end(visit: Visit, reason: Parameters<LoginPages['refused']>[1]): Promise<void> {
    await logins.startOver(visit.login);
    pages.refused(visit, reason);
  }
}

function missingField(form: z.output<typeof changeForm>): Refusal<NewPasswordProblem> | undefined {
  if (form['current-password'] === '') return { status: 400, problem: { reason: 'no-current-password' } };
  return form['new-password'] === '' ? { status: 400, problem: { reason: 'no-new-password' } } : undefined;
}
