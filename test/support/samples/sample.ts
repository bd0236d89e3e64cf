// A page with data, for the gallery, and the data that many of them share.

import type Koa from 'koa';

import type { PageName, Pages } from '../../../src/http/pages.ts';
import type { SentCode } from '../../../src/http/sent-code.ts';
import type { PageSender } from '../../../src/http/send-page.ts';

export interface Sample {
  page: PageName;
  send(sender: PageSender, ctx: Koa.Context): void;
}
export type Samples = Readonly<Record<string, Sample>>;

export function sample<N extends PageName>(page: N, data: Pages[N]): Sample {
  return {
    page,
    send(sender, ctx) {
      sender.sendPage(ctx, page, data);
    },
  };
}

/** One sample for each problem that a form can come back with. */
export function problemSamples<P>(
  prefix: string,
  problems: Record<string, P>,
  make: (problem: P) => Sample,
): Record<string, Sample> {
  return Object.fromEntries(
    Object.entries(problems).map(([reason, problem]) => [`${prefix}-${reason}`, make(problem)]),
  );
}

export const form = { action: '/posted', csrf: 'csrf-of-this-form' };
export const help = 'https://password.acme.example/';

/** A step of a sign-in, of somebody whose password was right. */
export const step = { ...form, app: 'Orders', username: 'ann', startOverUrl: '/posted' };

export function sentTo(target: string, changes: Partial<SentCode> = {}): SentCode {
  return { target, status: 'sent', expiresInMinutes: 5, resendIn: 30, resendAction: '/posted?resend', ...changes };
}

const options = { challenge: 'c2FsbHlwb3J0', rpId: '127.0.0.1', userVerification: 'required' };
export const passkey = { options: JSON.stringify(options) };
