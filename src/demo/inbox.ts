// Where the demo's mail and text messages end: a channel like any other, that keeps the last ones in memory for a page to show.

import type { Channel, EmailMessage, SmsMessage } from '../delivery/delivery.ts';

export interface InboxMessage {
  id: string;
  /** An address or a number. */
  to: string;
  /** Mail has one, a text message has none. */
  subject: string | undefined;
  text: string;
  receivedAt: Date;
  /** What somebody may want to copy, in the order of the text: one-time codes without their spaces, and links. */
  copyable: readonly { kind: 'code' | 'link'; value: string }[];
}

export interface Inbox extends Channel<EmailMessage | SmsMessage> {
  /** Newest first. */
  messages(): readonly InboxMessage[];
}

const KEPT = 100;

export function createInbox(now = () => new Date()): Inbox {
  const messages: InboxMessage[] = [];
  return {
    async send(message, id) {
      const { to, text } = message;
      const subject = 'subject' in message ? message.subject : undefined;
      messages.unshift({ id, to, subject, text, receivedAt: now(), copyable: copyableIn(text) });
      messages.splice(KEPT);
    },
    messages: () => [...messages],
  };
}

/** A link may hold digits, and a code never stands within one. */
const LINK_OR_CODE =
  /(?<link>https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])|(?<![\w+.-])(?<code>\d{3}[ -]?\d{3}|\d{4}[ -]?\d{4})(?![\w.-]*\d)/g;

function copyableIn(text: string): InboxMessage['copyable'] {
  const found = [...text.matchAll(LINK_OR_CODE)].map(({ groups }) =>
    groups?.link === undefined
      ? { kind: 'code' as const, value: (groups?.code ?? '').replace(/\D/g, '') }
      : { kind: 'link' as const, value: groups.link },
  );
  // A text message says its code twice: for the person, and for the browser.
  return [...new Map(found.map((one) => [one.value, one])).values()];
}
