// Setting up a second factor: where codes are to go, the first answer, recovery codes as a file, or not now.

import { z } from 'zod';

import { browserName } from '../http/browser-name.ts';
import { sendRecoveryCodes } from '../http/enrolment-page.ts';
import type { CodeProblem } from '../http/form-problems.ts';
import { contactRefusal, enrolmentRefusal, sendingRefusal, tooManyAttempts } from '../http/form-refusals.ts';
import type { Refusal } from '../http/form-refusals.ts';
import type { PageSender } from '../http/send-page.ts';
import { sends } from '../policy/factors.ts';
import type { SendingFactor } from '../policy/factors.ts';
import { createEnrolmentPages } from './enrolment-pages.ts';
import type { Logins } from './login.ts';
import { back } from './visits.ts';
import type { Visit, Visits } from './visits.ts';

export interface EnrolmentRouteDeps {
  logins: Logins;
  sender: PageSender;
  visits: Visits;
}

export interface EnrolmentRoutes {
  show(visit: Visit): Promise<void>;
  resend(visit: Visit): Promise<void>;
}

/** A passkey comes as `credential`, whatever can be typed or ticked as `code`. */
const enrolForm = z.object({ code: z.string().max(100).optional(), credential: z.string().max(50_000).optional() });
const contactForm = z.object({ contact: z.string().max(320) });

export function enrolmentRoutes({ logins, sender, visits }: EnrolmentRouteDeps): EnrolmentRoutes {
  const pages = createEnrolmentPages(sender);

  visits.onForm('contact', contactForm, async (visit, { contact }) => {
    const factor = sendingFactorOf(visit);
    if (!factor) return back(visit);
    const begun = await logins.contact(visit.login, contact);
    if (begun.ok || begun.reason === 'moved-on') return back(visit);
    return pages.contact(visit, factor, contactRefusal(begun, factor), contact);
  });

  visits.onPage('contact', async (visit) => {
    if ('change' in visit.ctx.query) await logins.changeContact(visit.login);
    back(visit);
  });

  visits.onForm('enrol', enrolForm, async (visit, { code, credential }) => {
    const { login, ctx } = visit;
    const browser = browserName(ctx.get('User-Agent')) ?? '';
    const outcome = await logins.enrol(login, { answer: credential ?? code ?? '', address: ctx.ip, browser });
    if (outcome.ok || outcome.reason === 'moved-on' || outcome.reason === 'not-first') return back(visit);
    if (outcome.reason === 'blocked') return show(visit, tooManyAttempts(outcome));
    return login.step.step === 'enrol' ? show(visit, enrolmentRefusal(outcome.reason, login.step.factor)) : back(visit);
  });

  visits.onForm('postpone', z.strictObject({}), async (visit) => {
    await logins.postpone(visit.login);
    back(visit);
  });

  visits.onPage('recovery-codes.txt', async (visit) => {
    const { ctx, login } = visit;
    const shown = await logins.enrolment(login);
    if (!shown.ok || shown.value?.factor !== 'recovery-code') return back(visit);
    sendRecoveryCodes(ctx, shown.value.codes);
  });

  return { show, resend };

  async function show(visit: Visit, refusal?: Refusal<CodeProblem>): Promise<void> {
    const shown = await logins.enrolment(visit.login);
    if (shown.ok && shown.value) return pages.enrolment(visit, shown.value, refusal);
    const factor = sendingFactorOf(visit);
    if (!factor || (!shown.ok && shown.reason === 'moved-on')) return back(visit);
    return pages.contact(visit, factor, shown.ok ? undefined : sendingRefusal(shown));
  }

  async function resend(visit: Visit): Promise<void> {
    const factor = sendingFactorOf(visit);
    if (!factor) return back(visit);
    const sent = await logins.enrolAgain(visit.login);
    if (sent.ok || !['unreachable', 'too-many-sent'].includes(sent.reason)) return back(visit);
    return pages.contact(visit, factor, sendingRefusal(sent));
  }
}

function sendingFactorOf({ login: { step } }: Visit): SendingFactor | undefined {
  return step.step === 'enrol' && sends(step.factor) ? step.factor : undefined;
}
