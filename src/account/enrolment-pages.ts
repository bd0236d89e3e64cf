// The pages of an account on which a factor is added.

import { browserName } from '../http/browser-name.ts';
import { showContact, showEnrolment } from '../http/enrolment-page.ts';
import type { CodeProblem, ContactProblem } from '../http/form-problems.ts';
import type { Refusal } from '../http/form-refusals.ts';
import type { PageSender } from '../http/send-page.ts';
import type { EnrolForm } from '../http/step-forms.ts';
import type { FactorId, SendingFactor } from '../policy/factors.ts';
import type { ShownEnrolment } from '../second-factors/enrol.ts';
import { loginNameOf } from '../users/users.ts';
import { pageOf } from './account-pages.ts';
import type { AccountVisit } from './visits.ts';

export interface EnrolmentPages {
  /** `name`: as it was typed. */
  enrolment(visit: AccountVisit, shown: ShownEnrolment, refusal?: Refusal<CodeProblem>, name?: string): void;
  /** `typed`: what is known of the person if left out. */
  /** A first factor is set up by way of a one-time link. */
  byLink(visit: AccountVisit): void;
  contact(visit: AccountVisit, factor: SendingFactor, refusal?: Refusal<ContactProblem>, typed?: string): void;
}

export function createEnrolmentPages(sender: Pick<PageSender, 'sendPage'>): EnrolmentPages {
  const send = pageOf(sender);

  return {
    enrolment(visit, shown, refusal, name) {
      const { path } = visit;
      const { factor } = shown;
      const links = {
        resend: path(`add/${factor}/resend`),
        change: `${path(`add/${factor}`)}?change`,
        download: path('recovery-codes.txt'),
      };
      const form = { ...enrolForm(visit, factor), name: nameIn(visit, factor, name) };
      showEnrolment(send(visit), form, shown, links, refusal);
    },

    byLink(visit) {
      const data = { username: loginNameOf(visit.user), homeUrl: visit.path() };
      send(visit)('login/enrol-by-link', data, { status: 403 });
    },

    contact(visit, factor, refusal, typed) {
      const { email, phoneNumber } = visit.user.profile;
      const contact = typed ?? (factor === 'sms' ? phoneNumber : email);
      showContact(send(visit), enrolForm(visit, `${factor}/contact`), { factor, contact }, refusal);
    },
  };
}

function enrolForm({ user, csrf, path }: AccountVisit, form: string): EnrolForm {
  return { username: loginNameOf(user), csrf, action: path(`add/${form}`), cancelUrl: path() };
}

/** What its form begins with, where it can be named: a passkey usually is in the browser that makes it. */
function nameIn({ ctx }: AccountVisit, factor: FactorId, typed: string | undefined): string | undefined {
  if (factor === 'passkey') return typed ?? browserName(ctx.get('User-Agent')) ?? '';
  return factor === 'totp' ? (typed ?? '') : undefined;
}
