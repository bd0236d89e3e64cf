// Adding a second factor in the account: where codes are to go, the first answer, another code.

import { z } from 'zod';

import { AppError } from '../errors.ts';
import type { CodeProblem } from '../http/form-problems.ts';
import type { AccountChange } from '../http/pages.ts';
import type { PageSender } from '../http/send-page.ts';
import { NOT_SAVED, answerRefusal, contactRefusal, sendingRefusal, tooManyAttempts } from '../login/refusals.ts';
import type { Refusal } from '../login/refusals.ts';
import type { EnrolSecondFactor } from '../second-factors/enrol.ts';
import type { FactorRequest } from '../second-factors/questions.ts';
import { FACTORS } from '../second-factors/second-factor.ts';
import type { FactorId, SecondFactor } from '../second-factors/second-factor.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { loginNameOf } from '../users/users.ts';
import { factorsToAdd } from './account-pages.ts';
import { leadTo } from './account-visit-routes.ts';
import type { AccountVisit, AccountVisits } from './account-visit-routes.ts';
import { createEnrolmentPages } from './enrolment-pages.ts';

export interface EnrolmentRouteDeps {
  enrolSecondFactor: EnrolSecondFactor;
  factors: (tenant: Tenant, id: FactorId) => SecondFactor;
  sender: Pick<PageSender, 'sendPage' | 'languageOf'>;
}

const contactForm = z.strictObject({ contact: z.string().max(320) });
/** One of the two is the answer: `credential` a passkey's, as JSON. */
const answerForm = z.strictObject({
  code: z.string().max(100).default(''),
  credential: z.string().max(50_000).optional(),
  name: z.string().max(64).default(''),
});

export function enrolmentRoutes(
  visits: AccountVisits,
  { enrolSecondFactor, factors, sender }: EnrolmentRouteDeps,
  done: (visit: AccountVisit, change: AccountChange) => Promise<void>,
): void {
  const pages = createEnrolmentPages(sender);

  visits.onPage('add/:factor', async (visit) => {
    if (!('change' in visit.ctx.query)) return show(visit);
    await enrolSecondFactor.cancel(requestOf(visit));
    return backTo(visit);
  });

  visits.onForm('add/:factor', answerForm, async (visit, { code, credential, name }) => {
    const request = requestOf(visit);
    const { id } = request.factor;
    const outcome = await enrolSecondFactor.finish({
      ...request,
      answer: credential ?? code,
      name: name.trim(),
      first: visit.owned.length === 0,
      keptSession: visit.sessionUid,
      address: visit.ctx.ip,
    });
    if (outcome.ok) return done(visit, id === 'recovery-code' ? 'recovery-codes-made' : 'factor-added');
    // Meanwhile there is a factor that has to be proven first.
    if (outcome.reason === 'not-first') return backTo(visit);
    if (outcome.reason === 'blocked') return show(visit, tooManyAttempts(outcome), name);
    return show(visit, id === 'recovery-code' ? NOT_SAVED : answerRefusal(outcome.reason, id), name);
  });

  visits.onForm('add/:factor/contact', contactForm, async (visit, { contact }) => {
    const request = requestOf(visit);
    const factor = sendingFactor(request.factor.id);
    const begun = await enrolSecondFactor.begin({ ...request, contact });
    if (begun.ok) return backTo(visit);
    const refusal = begun.reason === 'too-many-sent' ? sendingRefusal(begun) : contactRefusal(begun.reason, factor);
    return pages.contact(visit, factor, refusal, contact);
  });

  visits.onForm('add/:factor/resend', z.strictObject({}), async (visit) => {
    const request = requestOf(visit);
    const factor = sendingFactor(request.factor.id);
    const sent = await enrolSecondFactor.again(request);
    if (sent.ok || sent.reason === 'too-soon' || sent.reason === 'expired') return backTo(visit);
    return pages.contact(visit, factor, sendingRefusal(sent));
  });

  visits.onPage('recovery-codes.txt', async (visit) => {
    const shown = await enrolSecondFactor.current(requestFor(visit, 'recovery-code'));
    if (!shown.ok || shown.value?.view.factor !== 'recovery-code') throw notHere();
    visit.ctx.attachment('recovery-codes.txt');
    visit.ctx.type = 'text/plain; charset=utf-8';
    visit.ctx.body = shown.value.view.codes.map((code) => `${code}\n`).join('');
  });

  /** The same, however often the page is loaded: only an answer or another contact ends what was begun. */
  async function show(visit: AccountVisit, refusal?: Refusal<CodeProblem>, name?: string): Promise<void> {
    const request = requestOf(visit);
    const shown = await enrolSecondFactor.current(request);
    if (shown.ok && shown.value) return pages.answer(visit, shown.value, refusal, name);
    return pages.contact(visit, sendingFactor(request.factor.id), shown.ok ? undefined : sendingRefusal(shown));
  }

  function requestOf(visit: AccountVisit): FactorRequest {
    const id = FACTORS.find((factor) => factor === visit.ctx.params.factor);
    if (id === undefined) throw notHere();
    return requestFor(visit, id);
  }

  function requestFor(visit: AccountVisit, id: FactorId): FactorRequest {
    if (!factorsToAdd(visit).includes(id)) throw notHere();
    const { ctx, tenant, user, owned, sessionUid } = visit;
    const accountName = loginNameOf(user);
    return {
      tenant,
      person: { tenantId: tenant.id, userId: user.id, accountName, displayName: user.profile.name ?? accountName },
      language: sender.languageOf(ctx, { locale: user.profile.locale }),
      context: `account:${sessionUid}`,
      factor: factors(tenant, id),
      owned: owned.filter(({ factor }) => factor === id),
    };
  }
}

/** Only these have a contact, and something to be sent to it. */
function sendingFactor(factor: FactorId): 'sms' | 'email' {
  if (factor === 'sms' || factor === 'email') return factor;
  throw notHere();
}

function backTo(visit: AccountVisit): void {
  leadTo(visit, `add/${String(visit.ctx.params.factor)}`);
}

function notHere(): AppError {
  return new AppError('not_found', 404, 'There is nothing here.');
}
