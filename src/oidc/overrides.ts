// Every place where the library's own behaviour is replaced beyond its options, each with its reason. Nothing else reaches
// into its classes; test/contract/oidc-overrides.test.ts fails when a release moves what is held on to here.

import type { Client, Provider } from 'oidc-provider';

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { currentRequest } from '../http/request-context.ts';
import { answeredAcr, provenLevel } from '../policy/required-proof.ts';
import type { Policy } from '../policy/required-proof.ts';
import { networkOf } from '../security/client-network.ts';
import { sha256 } from '../security/sha256.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { askedOfSession } from './asked-of-session.ts';
import { isSecretOf, verifyWithOthers } from './client-secrets.ts';
import { proofsOf } from './session-artifact.ts';

export function overrideProvider(provider: Provider, { id, settings }: Tenant, store: EphemeralStore): void {
  pinUrls(provider);
  answerAcr(provider, settings.policy);
  alwaysIncludeSid(provider);
  detectReplaysAtomically(provider, id, store);
  limitSecretGuesses(provider, id, store);
  signWithAnySecret(provider);
}

/** Stock: URLs are made from `Host`, so that a forged one ends up in discovery and in redirects. */
function pinUrls(provider: Provider): void {
  Object.defineProperty(provider.OIDCContext.prototype, 'urlFor', {
    value: (name: string, options?: Record<string, unknown>) => provider.urlFor(name, options),
  });
}

/**
 * Stock: what the session's last sign-in reached. A client may have asked for less (OpenID Connect Core 5.5.1.1), and what one
 * client takes for fresh is too old for another, so it is worked out from the proofs, as the prompts do.
 */
function answerAcr(provider: Provider, policy: Policy): void {
  Object.defineProperty(provider.OIDCContext.prototype, 'acr', {
    get(this: InstanceType<typeof provider.OIDCContext>) {
      const asked = askedOfSession(policy, this);
      const proven = provenLevel(asked, proofsOf(this));
      return proven && answeredAcr(proven, asked.request);
    },
  });
}

/** Stock: only for clients of back-channel logout. Ours all get the claim, and may sign out by it. */
function alwaysIncludeSid(provider: Provider): void {
  provider.Client.prototype.includeSid = () => true;
}

/** Seconds. What is dated ahead, by a clock that differs, is good for so much longer after its first use. */
const DATED_AHEAD = 300;

/** Stock: find, then save; of two at once both pass (RFC 9449 11.1, RFC 7523 3). */
function detectReplaysAtomically(provider: Provider, tenantId: string, store: EphemeralStore): void {
  provider.ReplayDetection.unique = async (issuer, jti, exp) => {
    const id = sha256(JSON.stringify([issuer, jti]));
    const life = exp === undefined ? 3600 : Math.ceil(exp - Date.now() / 1000);
    return store.add(`replay:${tenantId}:${id}`, '1', Math.max(life, 0) + DATED_AHEAD);
  };
}

const GUESSES = 20;
const GUESS_WINDOW = 300;

/**
 * Stock: one secret, and any number of guesses. Here each of those that are good will do, and even the right secret is refused after so many wrong ones from one network. The store puts
 * guesses that are made at once in an order, in which a right one sees all the wrong ones before it; it counts none itself.
 */
function limitSecretGuesses(provider: Provider, tenantId: string, store: EphemeralStore): void {
  provider.Client.prototype.compareClientSecret = async function (this: Client, secret: string) {
    const key = `secret-guesses:${tenantId}:${this.clientId}:${networkOf(currentRequest()?.address ?? '')}`;
    if (isSecretOf(this, secret)) return Number((await store.get(key)) ?? 0) < GUESSES;
    await store.increment(key, GUESS_WINDOW);
    return false;
  };
}

/** Stock: an assertion is signed with the one secret (RFC 7523; OpenID Connect Core 9, `client_secret_jwt`). */
function signWithAnySecret(provider: Provider): void {
  const { find } = provider.Client;
  provider.Client.find = async function (id: string) {
    const client = await find.call(this, id);
    if (client) verifyWithOthers(client);
    return client;
  };
}
