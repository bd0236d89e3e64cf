// The pages of a login on which a second factor is set up.

import { showContact, showEnrolment } from '../http/enrolment-page.ts';
import type { CodeProblem, ContactProblem } from '../http/form-problems.ts';
import type { Refusal } from '../http/form-refusals.ts';
import type { PageSender } from '../http/send-page.ts';
import type { SendingFactor } from '../policy/factors.ts';
import type { ShownEnrolment } from '../second-factors/enrol.ts';
import { otherWaysUrl, pageOf, personForm } from './login-pages.ts';
import type { Visit } from './visits.ts';

export interface EnrolmentPages {
  enrolment(visit: Visit, shown: ShownEnrolment, refusal?: Refusal<CodeProblem>): void;
  /** Suggests nothing: whoever only knows the password learns no address and no number of the directory. */
  contact(visit: Visit, factor: SendingFactor, refusal?: Refusal<ContactProblem>, typed?: string): void;
}

export function createEnrolmentPages(sender: PageSender): EnrolmentPages {
  const send = pageOf(sender);

  return {
    enrolment(visit, shown, refusal) {
      const { path } = visit.interaction;
      const links = {
        resend: path('resend'),
        change: `${path('contact')}&change`,
        download: path('recovery-codes.txt'),
      };
      showEnrolment(send(visit), enrolForm(visit, 'enrol'), shown, links, refusal);
    },

    contact(visit, factor, refusal, typed) {
      showContact(send(visit), enrolForm(visit, 'contact'), { factor, contact: typed }, refusal);
    },
  };
}

function enrolForm(visit: Visit, form: string) {
  const { step, grace } = visit.login;
  const mayPostpone = step.step === 'enrol' && step.mayPostpone;
  return {
    ...personForm(visit, form),
    otherWaysUrl: otherWaysUrl(visit),
    postpone: mayPostpone ? { action: visit.interaction.path('postpone'), ...grace } : undefined,
  };
}
