// The explanation of a sign-in.

import { createExplain } from './admin/explain/explain.ts';
import type { Base } from './compose-base.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import { namedDirectories } from './compose-login.ts';
import type { People } from './compose-people.ts';
import type { SecondFactors } from './compose-second-factors.ts';
import { createPostgresAttemptStates } from './security/attempt-limiter-postgres.ts';
import { deliverable } from './tenants/deliverable.ts';
import { createPostgresReadEnrolmentState } from './users/enrolment-state-postgres.ts';

export function composeExplain(
  base: Base,
  { directories }: People,
  { channels }: DeliveryParts,
  factors: SecondFactors,
) {
  return createExplain({
    ...base,
    ...factors,
    directoriesOf: (tenant) => namedDirectories(directories, tenant),
    attemptStates: createPostgresAttemptStates(base.db),
    enrolmentState: createPostgresReadEnrolmentState(base.db),
    served: (tenant) => deliverable(tenant, channels),
  });
}
