// Renaming and removing a second factor. Whether the person may do that now, by a fresh proof and by the tenant's policy, is the
// caller's to ask.

import type { Database } from '../db/database.ts';
import type { AccountChanged } from '../users/account-changed.ts';
import type { Enrolments } from './enrolments.ts';

export interface FactorRef {
  tenantId: string;
  userId: string;
  enrolmentId: string;
  /** The one session of the person that goes on. */
  keptSession: string | undefined;
}

/** False when the person has no such factor. */
export interface ManageFactors {
  rename(ref: FactorRef, name: string): Promise<boolean>;
  remove(ref: FactorRef): Promise<boolean>;
}

export interface ManageFactorsOptions {
  enrolments: Pick<Enrolments, 'list' | 'rename' | 'remove' | 'lock'>;
  changed: AccountChanged;
  db: Pick<Database, 'unitOfWork'>;
}

export function createManageFactors({ enrolments, changed, db }: ManageFactorsOptions): ManageFactors {
  return {
    rename: (ref, name) =>
      change(ref, { type: 'second_factor.renamed', kind: 'factor-renamed', name }, () =>
        enrolments.rename(ref.tenantId, ref.userId, ref.enrolmentId, name),
      ),

    remove: (ref) =>
      change(ref, { type: 'second_factor.removed', kind: 'factor-removed' }, () =>
        enrolments.remove(ref.tenantId, ref.userId, ref.enrolmentId),
      ),
  };

  /** The person is told first, because a factor that goes may be the address where they are told. */
  function change(
    { tenantId, userId, enrolmentId, keptSession }: FactorRef,
    { type, kind, name: newName }: Change,
    apply: () => Promise<boolean>,
  ): Promise<boolean> {
    return db.unitOfWork(async () => {
      await enrolments.lock(tenantId, userId);
      const found = (await enrolments.list(tenantId, userId)).find(({ id }) => id === enrolmentId);
      if (!found) return false;
      const { factor } = found;
      const name = newName ?? found.name;
      const event = { type, detail: { factor, name } };
      await changed({ tenantId, userId, event, notice: { kind, factor, name }, keptSession });
      return apply();
    });
  }
}

interface Change {
  type: 'second_factor.renamed' | 'second_factor.removed';
  kind: 'factor-renamed' | 'factor-removed';
  name?: string;
}
