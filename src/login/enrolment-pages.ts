// The pages of a login on which a second factor is set up.

import type { CodeProblem, ContactProblem } from '../http/form-problems.ts';
import type { PageSender } from '../http/send-page.ts';
import type { Sent } from '../second-factors/questions.ts';
import type { EnrolmentView } from '../second-factors/second-factor.ts';
import { otherWaysUrl, pageOf, passkeyOf, personForm, sentCode } from './login-pages.ts';
import type { Refusal } from './refusals.ts';
import type { Visit } from './visits.ts';

export interface Shown {
  view: EnrolmentView;
  sent: Sent | undefined;
}

export interface EnrolmentPages {
  enrolment(visit: Visit, shown: Shown, refusal?: Refusal<CodeProblem>): void;
  /** `contact`: what was typed; what is known of the person if left out. */
  contact(visit: Visit, factor: 'sms' | 'email', contact?: string, refusal?: Refusal<ContactProblem>): void;
}

export function createEnrolmentPages(sender: PageSender): EnrolmentPages {
  const send = pageOf(sender);

  return {
    enrolment(visit, { view, sent }, refusal) {
      const data = { ...enrolStep(visit, 'enrol'), problem: refusal?.problem };
      switch (view.factor) {
        case 'totp':
          return send(visit, 'enrol/totp', { ...data, ...view }, refusal);
        case 'passkey':
          return send(
            visit,
            'enrol/passkey',
            { ...data, passkey: passkeyOf(visit, { options: view.options }) },
            refusal,
          );
        case 'recovery-code': {
          const downloadUrl = visit.interaction.path('recovery-codes.txt');
          return send(visit, 'enrol/recovery-codes', { ...data, codes: view.codes, downloadUrl }, refusal);
        }
        case 'sms':
        case 'email': {
          const { factor, target } = view;
          const changeUrl = `${visit.interaction.path('contact')}&change`;
          const page = { ...data, factor, sent: sentCode(visit, target, sent), changeUrl };
          return send(visit, 'enrol/code', page, refusal);
        }
      }
    },

    contact(visit, factor, contact, refusal) {
      const { email, phoneNumber } = visit.login.user?.profile ?? {};
      const known = factor === 'sms' ? phoneNumber : email;
      const data = { ...enrolStep(visit, 'contact'), factor, contact: contact ?? known, problem: refusal?.problem };
      send(visit, 'enrol/contact', data, refusal);
    },
  };
}

function enrolStep(visit: Visit, form: string) {
  const { step, grace } = visit.login;
  const mayPostpone = step.step === 'enrol' && step.mayPostpone;
  return {
    ...personForm(visit, form),
    otherWaysUrl: otherWaysUrl(visit),
    postpone: mayPostpone ? { action: visit.interaction.path('postpone'), ...grace } : undefined,
  };
}
