// Where the demo's mail ends: a channel like any other, that keeps the last messages in memory for a page to show.

import type { Channel, EmailMessage } from '../delivery/delivery.ts';

export interface InboxMessage extends EmailMessage {
  id: string;
  receivedAt: Date;
  /** What somebody may want to copy, in the order of the text: one-time codes without their spaces, and links. */
  copyable: readonly { kind: 'code' | 'link'; value: string }[];
}

export interface Inbox extends Channel {
  /** Newest first. */
  messages(): readonly InboxMessage[];
}

const KEPT = 100;

export function createInbox(now = () => new Date()): Inbox {
  const messages: InboxMessage[] = [];
  return {
    async send(message, id) {
      messages.unshift({ ...message, id, receivedAt: now(), copyable: copyableIn(message.text) });
      messages.splice(KEPT);
    },
    messages: () => [...messages],
  };
}

/** A link may hold digits, and a code never stands within one. */
const LINK_OR_CODE =
  /(?<link>https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])|(?<![\w+.-])(?<code>\d{3}[ -]?\d{3}|\d{4}[ -]?\d{4})(?![\w.-]*\d)/g;

function copyableIn(text: string): InboxMessage['copyable'] {
  return [...text.matchAll(LINK_OR_CODE)].map(({ groups }) =>
    groups?.link === undefined
      ? { kind: 'code', value: (groups?.code ?? '').replace(/\D/g, '') }
      : { kind: 'link', value: groups.link },
  );
}
