// The one opinion of what is enough: tenant policy × client × request → the level a login must reach, and whether what was proven
// reaches it. oidc/prompts.ts asks it of a session that exists, login/next-step.ts of one that is being made; two opinions would
// make a login loop.

import type { OwnClientMetadata } from '../clients/client-metadata.ts';
import { membershipIn } from '../groups/group-reference.ts';
import type { NamedGroup } from '../groups/group-reference.ts';
import { isLocal } from '../groups/local-membership.ts';
import type { TenantSettings } from '../tenants/tenant-settings.ts';
import { isRecovery } from './factors.ts';
import type { FactorId } from './factors.ts';
import { isLevel, reaches, strongest, weakest } from './levels.ts';
import type { Level } from './levels.ts';
import { isWaiver } from './proof.ts';
import type { Proof } from './proof.ts';

/** Why a signed-in person is asked for more: the session's level is too low, and nothing else is wrong with it. */
export const STEP_UP = 'level';
/** Why a signed-in person is shown a page: this client is not for them. */
export const NOT_ALLOWED = 'not_allowed';

/** Whether a login goes on from what the session has proven; for any other reason it begins anew. */
export function goesOnFromSession(reasons: readonly string[]): boolean {
  return reasons.length > 0 && reasons.every((reason) => reason === STEP_UP || reason === NOT_ALLOWED);
}

export type Policy = TenantSettings['policy'];
export type ClientPolicy = Pick<OwnClientMetadata, 'minimumAcr' | 'allow' | 'secondFactorFreshness'>;

/** What a request asks by `acr_values`, the claims parameter or `max_age` (OpenID Connect Core 3.1.2.1 and 5.5.1.1). */
export interface AcrRequest {
  values: readonly string[];
  essential: boolean;
  /** It asks for a sign-in that is not older than it says. */
  fresh?: boolean;
}

export interface ProofQuestion {
  policy: Policy;
  /** The client's own part of the policy; undefined for an unknown client. */
  client: ClientPolicy | undefined;
  request: AcrRequest | undefined;
  /** Of the person, once it is known who it is. */
  groups: readonly NamedGroup[];
  /** Of the person; may be left empty where `needsRoles` says that no rule names one. */
  roles: readonly string[];
  /** Seconds since the epoch. */
  now: number;
}

/** The least level that satisfies everybody who has a say. */
export function requiredLevel(question: ProofQuestion): Level {
  return strongest(requiredByTenant(question), requiredBesidesTenant(question));
}

/** What a waiver does not spare anybody. */
export function requiredBesidesTenant({ client, request }: Pick<ProofQuestion, 'client' | 'request'>): Level {
  return strongest(client?.minimumAcr ?? 'sfa', requiredByRequest(request) ?? 'sfa');
}

/** Whether the proofs are all that this question asks for. */
export function isEnough(question: ProofQuestion, proofs: readonly Proof[]): boolean {
  const required = isWaived(question, proofs) ? requiredBesidesTenant(question) : requiredLevel(question);
  return reaches(provenLevel(question, proofs), required);
}

/** Whether the client is for this person, who has to be known. */
export function isAllowed({ client, groups, roles }: Pick<ProofQuestion, 'client' | 'groups' | 'roles'>): boolean {
  if (!client?.allow) return true;
  return client.allow.groups.some(membershipIn(groups)) || isHolder(roles, client.allow.roles);
}

/** Whether the tenant itself asks this person for a second factor. */
export function isAskedByTenant({ policy, groups, roles }: ProofQuestion): boolean {
  const { required } = policy.secondFactors;
  if (required === 'always' || required === 'never') return required === 'always';
  // A name that two groups share counts here: asking for a second factor once too often is the safe side.
  const isMember = membershipIn(groups.map((group) => (isLocal(group) ? group : { ...group, nameIsUnique: true })));
  return required.groups.some(isMember) || isHolder(roles, required.roles);
}

/** Whether some rule names a role, so that the person's have to be worked out. */
export function needsRoles({ secondFactors: { required } }: Policy, client: ClientPolicy | undefined): boolean {
  return (typeof required === 'object' && required.roles.length > 0) || (client?.allow?.roles.length ?? 0) > 0;
}

/** Whether somebody without a factor could come to reach the level. */
export function isAttainable(policy: Policy, level: Level): boolean {
  return level === 'sfa' || !factorsReaching(policy, level).every(isRecovery);
}

/** An essential request that names no level we know can never be met (OpenID Connect Core 5.5.1.1). */
export function isUnknownEssential(request: AcrRequest | undefined): boolean {
  return request?.essential === true && request.values.length > 0 && requiredByRequest(request) === undefined;
}

/** Allowed second factors that, after a first one, reach the level. */
export function factorsReaching(policy: Policy, level: Level): FactorId[] {
  return policy.secondFactors.allowed.filter((factor) => reaches(policy.levels[factor], level));
}

/**
 * The level that the proofs amount to; undefined before a first factor is proven. A passkey is a first factor too, and alone it is
 * both. A second factor counts while it is allowed and fresh, a first one as long as the session.
 */
export function provenLevel(
  question: Pick<ProofQuestion, 'policy' | 'client' | 'now'>,
  proofs: readonly Proof[],
): Level | undefined {
  const { policy } = question;
  const isFirst = ({ factor }: Proof) =>
    factor === 'password' || (factor === 'passkey' && policy.secondFactors.allowed.includes('passkey'));
  if (!proofs.some(isFirst)) return undefined;
  return strongest('sfa', ...freshFactors(question, proofs).map((factor) => policy.levels[factor]));
}

/**
 * `amr` of a set of proofs, in the order they were given (RFC 8176 2). With `mfa` where there are two factors: a passkey is two by
 * itself, for it verifies its user, and an emailed code is a second step but no factor (NIST SP 800-63B 5.1.3.1).
 */
export function methodsOf(proofs: readonly Proof[]): string[] {
  const methods = [...new Set(proofs.flatMap((proof) => proof.amr))];
  const factors = new Set(
    proofs.map(({ factor }) => factor).filter((factor) => factor !== 'email' && !isWaiver(factor)),
  );
  return factors.size > 1 || factors.has('passkey') ? [...methods, 'mfa'] : methods;
}

/**
 * The `acr` to return: the requested value that is satisfied, the strongest such, else what was proven. A client that asked
 * for `mfa` gets `mfa` although `phr` was proven (OpenID Connect Core 5.5.1.1).
 */
export function answeredAcr(proven: Level, request: AcrRequest | undefined): Level {
  const [first, ...others] = (request?.values ?? []).filter(isLevel).filter((value) => reaches(proven, value));
  return first === undefined ? proven : strongest(first, ...others);
}

/** Second factors that count. Of the tenant's freshness and the client's, the shorter one holds. */
function freshFactors(
  { policy, client, now }: Pick<ProofQuestion, 'policy' | 'client' | 'now'>,
  proofs: readonly Proof[],
): FactorId[] {
  const { allowed, freshness = Infinity } = policy.secondFactors;
  const longest = Math.min(freshness, client?.secondFactorFreshness ?? Infinity);
  return allowed.filter((allowedOne) => proofs.some(({ factor, at }) => factor === allowedOne && now - at <= longest));
}

/**
 * Whether a waiver stands in for what the tenant asks, as long as the tenant still gives such. A trusted device stands for a proof
 * of some days ago, so it does not help with whoever asks for a fresh one.
 */
function isWaived({ policy, client, request }: ProofQuestion, proofs: readonly Proof[]): boolean {
  const has = (waiver: Proof['factor']) => proofs.some(({ factor }) => factor === waiver);
  if (policy.secondFactors.grace && has('grace-period')) return true;
  const asksForFresh = request?.fresh === true || client?.secondFactorFreshness !== undefined;
  return policy.trustedDevices !== undefined && !asksForFresh && has('trusted-device');
}

function requiredByRequest(request: AcrRequest | undefined): Level | undefined {
  return weakest((request?.values ?? []).filter(isLevel));
}

/** Any of the allowed factors will do. Were none allowed, nobody could meet this; to ask for nothing would let everybody in. */
function requiredByTenant(question: ProofQuestion): Level {
  if (!isAskedByTenant(question)) return 'sfa';
  const { secondFactors, levels } = question.policy;
  return weakest(secondFactors.allowed.map((factor) => levels[factor])) ?? '2sv';
}

function isHolder(held: readonly string[], named: readonly string[]): boolean {
  return named.some((role) => held.includes(role));
}
