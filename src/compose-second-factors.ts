// Every second factor, as a tenant has set it up, and what people do with theirs at sign-in and in the account.

import type { Base } from './compose-base.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import { createPasskeySignIn } from './first-factors/passkey-sign-in.ts';
import type { FactorId } from './policy/factors.ts';
import { createAnswers } from './second-factors/answers.ts';
import { createAskedChallenges } from './second-factors/asked-challenges.ts';
import { createChallenges } from './second-factors/challenges.ts';
import { createEmailCode } from './second-factors/email-code.ts';
import { createEnrolSecondFactor } from './second-factors/enrol.ts';
import type { Factors } from './second-factors/factors.ts';
import { createManageFactors } from './second-factors/manage-factors.ts';
import { createOwnedFactors } from './second-factors/owned-factors.ts';
import { createPasskey } from './second-factors/passkey.ts';
import { createProveSecondFactor } from './second-factors/prove.ts';
import { createRecoveryCodes } from './second-factors/recovery-codes.ts';
import type { SecondFactor } from './second-factors/second-factor.ts';
import { createSmsCode } from './second-factors/sms-code.ts';
import { createTotp } from './second-factors/totp.ts';
import { derivedSecrets } from './security/derived-secrets.ts';
import { FAILURES, RENAMES, createTally } from './security/tally.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createAccountChanged } from './users/account-changed.ts';
import { createPostgresUserRecords } from './users/user-records-postgres.ts';

export type SecondFactors = ReturnType<typeof composeSecondFactors>;

export function composeSecondFactors(base: Base, delivery: DeliveryParts) {
  const challenges = createChallenges(base.store, base.encryption);
  const countFailure = createTally({ ...FAILURES, store: base.store });
  const userRecords = createPostgresUserRecords(base.db);
  const parts = {
    ...base,
    ...delivery,
    userRecords,
    challenges,
    askedChallenges: createAskedChallenges({ ...base, ...delivery, challenges }),
    answers: createAnswers({ ...base, countFailure }),
    countFailure,
    changed: createAccountChanged({ ...base, ...delivery }),
  };
  const passkey = (tenant: Tenant) => passkeyOf(tenant, base.issuerOf(tenant));
  const factors: Factors = (tenant, id) => (id === 'passkey' ? passkey(tenant) : codeFactorOf(tenant, id));
  return {
    accountChanged: parts.changed,
    factors,
    ownedFactors: createOwnedFactors(base),
    /** Whether a first second factor may be set up by way of a one-time link only. */
    enrolsByLink: async (tenantId: string, userId: string) =>
      (await userRecords.find(tenantId, userId))?.enrolsByLink ?? false,
    proveSecondFactor: createProveSecondFactor(parts),
    enrolSecondFactor: createEnrolSecondFactor(parts),
    manageFactors: createManageFactors(parts),
    countRename: createTally({ ...RENAMES, store: base.store }),
    passkeySignIn: createPasskeySignIn({ ...parts, passkey }),
  };
}

function codeFactorOf(tenant: Tenant, id: Exclude<FactorId, 'passkey'>): SecondFactor {
  const { policy } = tenant.settings;
  switch (id) {
    case 'totp':
      return createTotp({ ...policy.totp, issuer: policy.totp.issuer ?? tenant.name });
    case 'sms':
      return createSmsCode({ ...policy.codes, countries: policy.sms.countries, country: policy.sms.country });
    case 'email':
      return createEmailCode(policy.codes);
    case 'recovery-code':
      return createRecoveryCodes({ key: derivedSecrets(tenant.secret).recoveryCodeKey });
  }
}

/** Passkeys belong to the issuer's host, or to a domain above it that the tenant names. */
function passkeyOf({ name, settings: { policy } }: Tenant, issuer: string) {
  const { hostname, origin } = new URL(issuer);
  const { rpId = hostname, ...kinds } = policy.passkeys;
  return createPasskey({ rpId, rpName: name, origin, ...kinds });
}
