import { AppError } from '../errors.ts';
import type { Proof } from '../policy/proof.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Standing } from '../users/standing.ts';
import type { User } from '../users/users.ts';

/**
 * Whether the person, who has just been read, may sign in, here and in the directory. A passkey alone needs the directory for nothing else: while that is
 * down its last answer serves, for up to the tenant's `directoryStaleLimit`.
 * @throws AppError `directory_unavailable`
 */
export type StillStands = (tenant: Tenant, user: User, proofs: readonly Proof[]) => Promise<boolean>;

export function createStillStands(standing: Pick<Standing, 'fresh' | 'current'>): StillStands {
  return async (tenant, user, proofs) => {
    try {
      return (await standing.fresh(tenant, user)) !== undefined;
    } catch (fault) {
      const isOutage = fault instanceof AppError && fault.code === 'directory_unavailable';
      if (!isOutage || proofs.some(({ factor }) => factor === 'password')) throw fault;
      return (await standing.current(tenant, user.id)) !== undefined;
    }
  };
}
