// The mail server and the SMS service behind a test's Sallyport, and the codes that people get by them.

import { eventually } from './eventually.ts';
import { startSmtp } from './smtp.ts';
import type { ReceivedMail, TestSmtp } from './smtp.ts';
import { SNS_KEYS, startSns } from './sns.ts';
import type { TestSns } from './sns.ts';

export interface CodesSent {
  smtp: TestSmtp;
  sns: TestSns;
  /** For `startSallyport`'s `server`. */
  settings: Record<string, unknown>;
  /** The code of the next message to an address or a number that was not read before. */
  next(to: string): Promise<string>;
  /** How many codes went there. */
  count(to: string): number;
  /** Other mails to the address. */
  notices(to: string): ReceivedMail[];
  /** Waits until so many of them have come. */
  untilNotices(to: string, count: number): Promise<unknown>;
  stop(): Promise<void>;
}

/** In a mail on a line of its own. */
const CODE = /^(\d{6,10})\r?$/m;

export async function startCodesSent(): Promise<CodesSent> {
  const [smtp, sns] = await Promise.all([startSmtp(), startSns()]);
  const read = new Map<string, number>();

  /** In a text message at the end of its last line. */
  const codesTo = (to: string): string[] =>
    to.startsWith('+')
      ? sns.published.filter((sms) => sms.to === to).flatMap(({ text }) => / #(\d{6,10})\s*$/.exec(text)?.[1] ?? [])
      : smtp.received.filter((mail) => mail.to.includes(to)).flatMap(({ raw }) => CODE.exec(raw)?.[1] ?? []);

  const notices = (to: string) => smtp.received.filter((mail) => mail.to.includes(to) && !CODE.test(mail.raw));

  return {
    smtp,
    sns,
    settings: {
      mail: { from: 'Sallyport <id@example.com>', url: `smtp://127.0.0.1:${smtp.port}?tls=none` },
      sms: { provider: 'sns', region: 'eu-west-1', endpoint: sns.endpoint, ...SNS_KEYS },
    },
    async next(to) {
      const index = read.get(to) ?? 0;
      const code = await eventually(`a code for ${to}`, () => codesTo(to)[index]);
      read.set(to, index + 1);
      return code;
    },
    count: (to) => codesTo(to).length,
    notices,
    untilNotices: (to, count) => eventually(`${count} mails to ${to}`, () => notices(to).length === count),
    async stop() {
      await Promise.all([smtp.stop(), sns.stop()]);
    },
  };
}
