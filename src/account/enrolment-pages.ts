// The pages of an account on which a factor is added.

import { browserName } from '../delivery/browser-name.ts';
import type { CodeProblem, ContactProblem } from '../http/form-problems.ts';
import type { SentCode } from '../http/pages.ts';
import type { PageSender } from '../http/send-page.ts';
import type { Refusal } from '../login/refusals.ts';
import type { Sent } from '../second-factors/questions.ts';
import type { EnrolmentView } from '../second-factors/second-factor.ts';
import { loginNameOf } from '../users/users.ts';
import { pageOf } from './account-pages.ts';
import type { AccountVisit } from './account-visit-routes.ts';

export interface EnrolmentPages {
  /** `name`: as it was typed. */
  answer(
    visit: AccountVisit,
    shown: { view: EnrolmentView; sent: Sent | undefined },
    refusal?: Refusal<CodeProblem>,
    name?: string,
  ): void;
  /** `contact`: what was typed; what is known of the person if left out. */
  contact(visit: AccountVisit, factor: 'sms' | 'email', refusal?: Refusal<ContactProblem>, contact?: string): void;
}

export function createEnrolmentPages(sender: Pick<PageSender, 'sendPage'>): EnrolmentPages {
  const send = pageOf(sender);

  return {
    answer(visit, { view, sent }, refusal, name) {
      const data = { ...enrolStep(visit, view.factor), problem: refusal?.problem };
      switch (view.factor) {
        case 'totp':
          return send(visit, 'enrol/totp', { ...data, ...view, name: name ?? '' }, refusal);
        case 'passkey': {
          const passkey = { options: view.options, ownHost: visit.tenant.settings.host !== undefined };
          return send(visit, 'enrol/passkey', { ...data, passkey, name: name ?? thisBrowser(visit) }, refusal);
        }
        case 'recovery-code': {
          const downloadUrl = visit.path('recovery-codes.txt');
          return send(visit, 'enrol/recovery-codes', { ...data, codes: view.codes, downloadUrl }, refusal);
        }
        case 'sms':
        case 'email': {
          const { factor, target } = view;
          const changeUrl = `${visit.path(`add/${factor}`)}?change`;
          const code = sentCode(target, sent, visit.path(`add/${factor}/resend`));
          return send(visit, 'enrol/code', { ...data, factor, sent: code, changeUrl }, refusal);
        }
      }
    },

    contact(visit, factor, refusal, contact) {
      const { email, phoneNumber } = visit.user.profile;
      const known = factor === 'sms' ? phoneNumber : email;
      const data = { ...enrolStep(visit, `${factor}/contact`), factor, problem: refusal?.problem };
      send(visit, 'enrol/contact', { ...data, contact: contact ?? known }, refusal);
    },
  };
}

function enrolStep({ user, csrf, path }: AccountVisit, form: string) {
  return { username: loginNameOf(user), csrf, action: path(`add/${form}`), cancelUrl: path() };
}

/** Where a passkey usually is. */
function thisBrowser({ ctx }: AccountVisit): string {
  return browserName(ctx.get('User-Agent')) ?? '';
}

function sentCode(target: string, sent: Sent | undefined, resendAction: string): SentCode {
  const { status = 'waiting', expiresAt = new Date(), resendIn = 0 } = sent ?? {};
  const expiresInMinutes = Math.max(0, Math.ceil((expiresAt.getTime() - Date.now()) / 60_000));
  return { target, status, expiresInMinutes, resendIn, resendAction };
}
