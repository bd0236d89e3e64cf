// The one opinion of what is enough: tenant policy × client × request → the level a login must reach. oidc/prompts.ts asks it
// of a session that exists, login/next-step.ts of one that is being made; two opinions would make a login loop.

import type { DirectoryGroup } from '../directory/directory.ts';
import { membershipIn } from '../groups/group-reference.ts';
import type { FactorId } from '../second-factors/second-factor.ts';
import type { TenantSettings } from '../tenants/tenant-settings.ts';
import { isLevel, reaches, strongest, weakest } from './levels.ts';
import type { Level } from './levels.ts';
import type { Proof } from './proof.ts';

/** Why a signed-in person is asked for more: the session's level is too low, and nothing else is wrong with it. */
export const STEP_UP = 'level';

export type Policy = TenantSettings['policy'];

/** What a request asks by `acr_values` or the claims parameter (OpenID Connect Core 3.1.2.1 and 5.5.1.1). */
export interface AcrRequest {
  values: readonly string[];
  essential: boolean;
}

export interface ProofQuestion {
  policy: Policy;
  /** The client's own `minimumAcr`. */
  minimumAcr: Level | undefined;
  request: AcrRequest | undefined;
  /** Groups of the person, once it is known who it is. */
  groups: readonly Pick<DirectoryGroup, 'id' | 'dn' | 'name'>[];
}

/** The least level that satisfies everybody who has a say. */
export function requiredLevel(question: ProofQuestion): Level {
  return strongest(
    requiredByTenant(question.policy, question.groups),
    question.minimumAcr ?? 'sfa',
    requiredByRequest(question.request) ?? 'sfa',
  );
}

/** Whether some allowed factor reaches the level at all. */
export function isAttainable(policy: Policy, level: Level): boolean {
  return level === 'sfa' || factorsReaching(policy, level).length > 0;
}

/** An essential request that names no level we know can never be met (OpenID Connect Core 5.5.1.1). */
export function isUnknownEssential(request: AcrRequest | undefined): boolean {
  return request?.essential === true && request.values.length > 0 && requiredByRequest(request) === undefined;
}

/** Allowed second factors that, after a first one, reach the level. */
export function factorsReaching(policy: Policy, level: Level): FactorId[] {
  return policy.secondFactors.allowed.filter((factor) => reaches(policy.levels[factor], level));
}

/** The level that a set of proofs amounts to; undefined before the first factor is proven. */
export function provenLevel(policy: Policy, proofs: readonly Proof[]): Level | undefined {
  if (!proofs.some((proof) => proof.factor === 'password')) return undefined;
  return strongest('sfa', ...proofs.map((proof) => levelOf(policy, proof)));
}

/** `amr` of a set of proofs, in the order they were given, with `mfa` where there are two (RFC 8176 2). */
export function methodsOf(proofs: readonly Proof[]): string[] {
  const methods = [...new Set(proofs.flatMap((proof) => proof.amr))];
  return new Set(proofs.map((proof) => proof.factor)).size > 1 ? [...methods, 'mfa'] : methods;
}

/**
 * The `acr` to return: the requested value that is satisfied, the strongest such, else what was proven. A client that asked
 * for `mfa` gets `mfa` although `phr` was proven (OpenID Connect Core 5.5.1.1).
 */
export function answeredAcr(proven: Level, request: AcrRequest | undefined): Level {
  const [first, ...others] = (request?.values ?? []).filter(isLevel).filter((value) => reaches(proven, value));
  return first === undefined ? proven : strongest(first, ...others);
}

function levelOf(policy: Policy, proof: Proof): Level {
  return proof.factor === 'password' ? 'sfa' : policy.levels[proof.factor];
}

function requiredByRequest(request: AcrRequest | undefined): Level | undefined {
  return weakest((request?.values ?? []).filter(isLevel));
}

function requiredByTenant(policy: Policy, groups: ProofQuestion['groups']): Level {
  const { required, allowed } = policy.secondFactors;
  if (required === 'never' || (required !== 'always' && !isMember(groups, required.groups))) return 'sfa';
  // Were none allowed, nobody could meet this; to ask for nothing would let everybody in.
  return weakest(allowed.map((factor) => policy.levels[factor])) ?? '2sv';
}

/** A name that two groups share counts here: asking for a second factor once too often is the safe side. */
function isMember(groups: ProofQuestion['groups'], references: readonly string[]): boolean {
  return references.some(membershipIn(groups.map((group) => ({ ...group, nameIsUnique: true }))));
}
