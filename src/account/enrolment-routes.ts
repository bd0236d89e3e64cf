// Adding a second factor in the account: where codes are to go, the first answer, another code.

import { z } from 'zod';

import type { AccountChange } from '../http/account-page.ts';
import { sendRecoveryCodes } from '../http/enrolment-page.ts';
import { hasEnrolmentPermit } from '../http/enrolment-permit.ts';
import type { CodeProblem } from '../http/form-problems.ts';
import { contactRefusal, enrolmentRefusal, sendingRefusal, tooManyAttempts } from '../http/form-refusals.ts';
import type { Refusal } from '../http/form-refusals.ts';
import type { PageSender } from '../http/send-page.ts';
import { FACTORS, sends } from '../policy/factors.ts';
import type { FactorId, SendingFactor } from '../policy/factors.ts';
import type { FactorRequest } from '../second-factors/asked-challenges.ts';
import type { EnrolSecondFactor } from '../second-factors/enrol.ts';
import { factorPersonOf } from '../second-factors/factors.ts';
import type { Factors } from '../second-factors/factors.ts';
import { addableFactors } from './account.ts';
import { createEnrolmentPages } from './enrolment-pages.ts';
import { leadTo, notFound } from './visits.ts';
import type { AccountVisit, AccountVisits } from './visits.ts';

export interface EnrolmentRouteDeps {
  enrolSecondFactor: EnrolSecondFactor;
  factors: Factors;
  sender: Pick<PageSender, 'sendPage' | 'languageOf'>;
  enrolsByLink(tenantId: string, userId: string): Promise<boolean>;
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
  { enrolSecondFactor, factors, sender, enrolsByLink }: EnrolmentRouteDeps,
  done: (visit: AccountVisit, change: AccountChange) => Promise<void>,
): void {
  const pages = createEnrolmentPages(sender);

  visits.onPage('add/:factor', async (visit) => {
    if (await isHeldBack(visit)) return pages.byLink(visit);
    if (!('change' in visit.ctx.query)) return show(visit);
    await enrolSecondFactor.cancel(requestOf(visit));
    return backTo(visit);
  });

  visits.onForm('add/:factor', answerForm, async (visit, { code, credential, name }) => {
    if (await isHeldBack(visit)) return pages.byLink(visit);
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
    return show(visit, enrolmentRefusal(outcome.reason, id), name);
  });

  visits.onForm('add/:factor/contact', contactForm, async (visit, { contact }) => {
    if (await isHeldBack(visit)) return pages.byLink(visit);
    const request = requestOf(visit);
    const factor = sendingFactor(request.factor.id);
    const begun = await enrolSecondFactor.begin({ ...request, contact });
    if (begun.ok) return backTo(visit);
    return pages.contact(visit, factor, contactRefusal(begun, factor), contact);
  });

  visits.onForm('add/:factor/resend', z.strictObject({}), async (visit) => {
    if (await isHeldBack(visit)) return pages.byLink(visit);
    const request = requestOf(visit);
    const factor = sendingFactor(request.factor.id);
    const sent = await enrolSecondFactor.again(request);
    if (sent.ok || sent.reason === 'too-soon' || sent.reason === 'expired') return backTo(visit);
    return pages.contact(visit, factor, sendingRefusal(sent));
  });

  visits.onPage('recovery-codes.txt', async (visit) => {
    const shown = await enrolSecondFactor.current(requestFor(visit, 'recovery-code'));
    if (!shown.ok || shown.value?.factor !== 'recovery-code') throw notFound();
    sendRecoveryCodes(visit.ctx, shown.value.codes);
  });

  /** A password alone does not add a first factor for whoever is to set it up by way of a one-time link. */
  async function isHeldBack({ ctx, site, tenant, user, owned }: AccountVisit): Promise<boolean> {
    if (owned.length > 0 || hasEnrolmentPermit(ctx, site, user)) return false;
    return enrolsByLink(tenant.id, user.id);
  }

  /** The same, however often the page is loaded: only an answer or another contact ends what was begun. */
  async function show(visit: AccountVisit, refusal?: Refusal<CodeProblem>, name?: string): Promise<void> {
    const request = requestOf(visit);
    const shown = await enrolSecondFactor.current(request);
    if (shown.ok && shown.value) return pages.enrolment(visit, shown.value, refusal, name);
    return pages.contact(visit, sendingFactor(request.factor.id), shown.ok ? undefined : sendingRefusal(shown));
  }

  function requestOf(visit: AccountVisit): FactorRequest {
    const id = FACTORS.find((factor) => factor === visit.ctx.params.factor);
    if (id === undefined) throw notFound();
    return requestFor(visit, id);
  }

  function requestFor(visit: AccountVisit, id: FactorId): FactorRequest {
    if (!addableFactors(visit).includes(id)) throw notFound();
    const { ctx, tenant, user, owned, sessionUid } = visit;
    return {
      tenant,
      person: factorPersonOf(tenant, user),
      language: sender.languageOf(ctx, { locale: user.profile.locale }),
      context: `account:${sessionUid}`,
      factor: factors(tenant, id),
      owned: owned.filter(({ factor }) => factor === id),
    };
  }
}

/** Only these have a contact, and something to be sent to it. */
function sendingFactor(factor: FactorId): SendingFactor {
  if (sends(factor)) return factor;
  throw notFound();
}

function backTo(visit: AccountVisit): void {
  leadTo(visit, `add/${String(visit.ctx.params.factor)}`);
}
