// The pages on which a second factor is set up, the same in a login and in the account; where their links lead is the caller's.

import type { Context } from 'koa';

import type { SendingFactor } from '../policy/factors.ts';
import type { ShownEnrolment } from '../second-factors/enrol.ts';
import type { CodeProblem, ContactProblem } from './form-problems.ts';
import type { Refusal } from './form-refusals.ts';
import type { PageName, Pages } from './pages.ts';
import type { Answer } from './send-page.ts';
import { sentCode } from './sent-code.ts';
import type { EnrolForm } from './step-forms.ts';

/** Sends to whoever is there. */
type Send = <N extends PageName>(name: N, data: Pages[N], answer?: Answer) => void;

export interface EnrolmentLinks {
  /** Posted to: another code. */
  resend: string;
  /** Another number or address. */
  change: string;
  /** Recovery codes as a file. */
  download: string;
}

export function showEnrolment(
  send: Send,
  frame: EnrolForm,
  shown: ShownEnrolment,
  links: EnrolmentLinks,
  refusal?: Refusal<CodeProblem>,
): void {
  const data = { ...frame, problem: refusal?.problem };
  switch (shown.factor) {
    case 'totp':
      return send('enrol/totp', { ...data, ...shown }, refusal);
    case 'passkey':
      return send('enrol/passkey', { ...data, passkey: { options: shown.options } }, refusal);
    case 'recovery-code':
      return send('enrol/recovery-codes', { ...data, codes: shown.codes, downloadUrl: links.download }, refusal);
    case 'sms':
    case 'email': {
      const page = { ...data, factor: shown.factor, sent: sentCode(shown, links.resend), changeUrl: links.change };
      return send('enrol/code', page, refusal);
    }
  }
}

/** Asks where codes are to go. `contact`: what was typed, or is suggested to somebody who is wholly signed in. */
export function showContact(
  send: Send,
  frame: EnrolForm,
  { factor, contact }: { factor: SendingFactor; contact: string | undefined },
  refusal?: Refusal<ContactProblem>,
): void {
  send('enrol/contact', { ...frame, factor, contact, problem: refusal?.problem }, refusal);
}

export function sendRecoveryCodes(ctx: Context, codes: readonly string[]): void {
  ctx.attachment('recovery-codes.txt');
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = codes.map((code) => `${code}\n`).join('');
}
