// Which of the tenant's factors a person has: those that they enrolled, and the address and the number that the directory vouches
// for.

import type { SendingFactor } from '../policy/factors.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User, UserEntry } from '../users/users.ts';
import { canonicalAddress } from './contacts.ts';
import type { Enrolments } from './enrolments.ts';
import { canonicalNumber } from './phone-number.ts';
import type { Enrolment } from './second-factor.ts';

/** What a person can prove; the directory's own under the ids `directory-email` and `directory-sms`, without a name. */
export type OwnedFactors = (tenant: Tenant, user: User) => Promise<Enrolment[]>;

export function createOwnedFactors({
  enrolments,
}: {
  enrolments: Pick<Enrolments, 'list' | 'contactsUsedAt'>;
}): OwnedFactors {
  return async (tenant, user) => {
    const enrolled = (await enrolments.list(tenant.id, user.id)).filter((one) => isUsable(tenant, one));
    const contacts = contactsOf(tenant, user).filter(
      ({ factor, secret }) => !enrolled.some((one) => one.factor === factor && one.secret === secret),
    );
    if (contacts.length === 0) return enrolled;
    const usedAt = await enrolments.contactsUsedAt(tenant.id, user.id);
    return [...enrolled, ...contacts.map((contact) => ({ ...contact, lastUsedAt: usedAt[contact.factor] }))];
  };
}

/** Whether it lets its owner in: the tenant allows it, and recovery codes are left. */
export function isUsable({ settings }: Tenant, { factor, remaining }: Enrolment): boolean {
  return settings.policy.secondFactors.allowed.includes(factor) && remaining !== 0;
}

type Contact = Enrolment & { factor: SendingFactor };

function contactsOf({ settings: { policy } }: Tenant, { directory, profile }: User): Contact[] {
  if (!directory || !policy.trustDirectoryContacts) return [];
  const { email, phoneNumber } = profile;
  const { allowed } = policy.secondFactors;
  const contacts: Contact[] = [];
  const address = email === undefined ? undefined : canonicalAddress(email);
  if (address !== undefined && allowed.includes('email')) contacts.push(contact('email', address, directory));
  if (phoneNumber !== undefined && allowed.includes('sms')) {
    const number = canonicalNumber(phoneNumber, policy.sms);
    if (number.ok) contacts.push(contact('sms', number.value, directory));
  }
  return contacts;
}

function contact(factor: SendingFactor, secret: string, { checkedAt: createdAt }: UserEntry): Contact {
  const id = `directory-${factor}`;
  return { id, factor, name: '', secret, createdAt, lastUsedAt: undefined, vouchedFor: true };
}
