// Every second factor, as a tenant has set it up, and what people do with theirs at sign-in and in the account.

import type { composeDelivery } from './compose-delivery.ts';
import type { Core, Storage } from './compose-core.ts';
import type { EphemeralStore } from './ephemeral/ephemeral-store.ts';
import { createPasskeySignIn } from './first-factors/passkey-sign-in.ts';
import { createChallenges } from './second-factors/challenges.ts';
import { createAnswers } from './second-factors/answers.ts';
import { createEmailCode } from './second-factors/email-code.ts';
import { createEnrolSecondFactor } from './second-factors/enrol.ts';
import { createFactorChanged } from './second-factors/factor-changed.ts';
import { createManageFactors } from './second-factors/manage-factors.ts';
import { createOwnedFactors } from './second-factors/owned-factors.ts';
import { createPasskey } from './second-factors/passkey.ts';
import { createProveSecondFactor } from './second-factors/prove.ts';
import { createQuestions } from './second-factors/questions.ts';
import { createRecoveryCodes } from './second-factors/recovery-codes.ts';
import type { FactorId, SecondFactor } from './second-factors/second-factor.ts';
import { createSmsCode } from './second-factors/sms-code.ts';
import { createTotp } from './second-factors/totp.ts';
import type { AttemptLimiter } from './security/attempt-limiter.ts';
import { derivedSecrets } from './security/derived-secrets.ts';
import type { Tenant } from './tenants/tenants.ts';

interface SecondFactorBase extends Storage, Core {
  store: EphemeralStore;
  limiter: AttemptLimiter;
  issuerOf(tenant: Tenant): string;
}

export function composeSecondFactors(base: SecondFactorBase, delivery: ReturnType<typeof composeDelivery>) {
  const challenges = createChallenges(base.store, base.encryption);
  const parts = {
    ...base,
    ...delivery,
    challenges,
    questions: createQuestions({ ...base, ...delivery, challenges }),
    answers: createAnswers(base),
    changed: createFactorChanged({ ...base, ...delivery }),
  };
  const passkey = (tenant: Tenant) => passkeyOf(tenant, base.issuerOf(tenant));
  const factors = (tenant: Tenant, id: FactorId) => (id === 'passkey' ? passkey(tenant) : codeFactorOf(tenant, id));
  return {
    factors,
    ownedFactors: createOwnedFactors(base),
    proveSecondFactor: createProveSecondFactor(parts),
    enrolSecondFactor: createEnrolSecondFactor(parts),
    manageFactors: createManageFactors(parts),
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
