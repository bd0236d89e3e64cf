// Who may have events sent somewhere, and where to.

import type { GuardedRequest } from '../../security/guarded-request.ts';
import { may } from '../caller.ts';
import type { Caller } from '../caller.ts';
import { invalid } from '../checked.ts';
import { Problem } from '../problem.ts';

/** Whoever says where events go could read them there. */
export function assertMayReceive(caller: Caller): void {
  if (may(caller, 'audit:read')) return;
  throw new Problem('grant-exceeds-own', 'A webhook is sent what the audit log has: this needs audit:read as well.');
}

export function assertReachable(outbound: Pick<GuardedRequest, 'isAllowed' | 'isUnsafe'>, text: string): void {
  const url = new URL(text);
  const detail = outbound.isUnsafe(url)
    ? 'is at an address that is not reached from here'
    : url.protocol !== 'https:' && !outbound.isAllowed(url)
      ? 'is an https:// URL'
      : undefined;
  if (detail === undefined) return;
  throw invalid([{ pointer: '#/url', detail }]);
}
