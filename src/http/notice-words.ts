// What somebody is told about their own account: one sentence for the subject, one for the mail.

import type { AccountNotice } from '../delivery/notifications.ts';
import type { MessageId, MessageParams, Translate } from './messages.ts';

const WORDS: Record<AccountNotice['kind'], { subject: MessageId; message: MessageId }> = {
  'factor-added': { subject: 'email.changed.factorAddedSubject', message: 'email.changed.factorAdded' },
  'factor-removed': { subject: 'email.changed.factorRemovedSubject', message: 'email.changed.factorRemoved' },
  'factor-renamed': { subject: 'email.changed.factorRenamedSubject', message: 'email.changed.factorRenamed' },
  'factors-reset': { subject: 'email.changed.factorsResetSubject', message: 'email.changed.factorsReset' },
  'recovery-codes-made': { subject: 'email.changed.codesMadeSubject', message: 'email.changed.codesMade' },
  'recovery-code-used': { subject: 'email.changed.codeUsedSubject', message: 'email.changed.codeUsed' },
  'password-changed': { subject: 'email.changed.passwordSubject', message: 'email.changed.passwordMessage' },
  'passkey-refused': { subject: 'email.changed.passkeyRefusedSubject', message: 'email.changed.passkeyRefused' },
};

/** `params`: what the sentences name besides the notice's own facts. */
export function describeNotice(
  notice: AccountNotice,
  t: Translate,
  params: MessageParams,
): { subject: string; message: string } {
  const { subject, message } = WORDS[notice.kind];
  const remaining = 'remaining' in notice ? notice.remaining : undefined;
  return {
    subject: t(subject, params),
    message: t(remaining === 0 ? 'email.changed.lastCodeUsed' : message, { ...params, count: remaining }),
  };
}
