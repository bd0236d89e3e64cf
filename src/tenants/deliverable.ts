import type { FactorId } from '../second-factors/second-factor.ts';
import type { Tenant } from './tenants.ts';

/**
 * A tenant as this server can serve it: without the factors that it has no channel to send by. Whoever asks what the tenant
 * allows asks this one, so that nothing is offered, and nothing taken for attainable, that cannot be had.
 */
export function deliverable(tenant: Tenant, channels: readonly ('sms' | 'email')[]): Tenant {
  const { settings } = tenant;
  const { policy } = settings;
  const unreachable: FactorId[] = (['sms', 'email'] as const).filter((factor) => !channels.includes(factor));
  const reachable = (factor: FactorId) => !unreachable.includes(factor);
  const { allowed, setUp } = policy.secondFactors;
  const secondFactors = { ...policy.secondFactors, allowed: allowed.filter(reachable), setUp: setUp.filter(reachable) };
  return { ...tenant, settings: { ...settings, policy: { ...policy, secondFactors } } };
}
