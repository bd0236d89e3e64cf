import { sends } from '../policy/factors.ts';
import type { FactorId, SendingFactor } from '../policy/factors.ts';
import type { Tenant } from './tenants.ts';

/**
 * A tenant as this server can serve it: without the factors that it has no channel to send by, and without text messages where no
 * country is named that they may go to. Whoever asks what the tenant
 * allows asks this one, so that nothing is offered, and nothing taken for attainable, that cannot be had.
 */
export function deliverable(tenant: Tenant, channels: readonly SendingFactor[]): Tenant {
  const { settings } = tenant;
  const { policy } = settings;
  const hasCountry = (policy.sms.countries ?? policy.sms.country) !== undefined;
  const reachable = (factor: FactorId) =>
    !sends(factor) || (channels.includes(factor) && (factor !== 'sms' || hasCountry));
  const { allowed, setUp } = policy.secondFactors;
  const secondFactors = { ...policy.secondFactors, allowed: allowed.filter(reachable), setUp: setUp.filter(reachable) };
  return { ...tenant, settings: { ...settings, policy: { ...policy, secondFactors } } };
}
