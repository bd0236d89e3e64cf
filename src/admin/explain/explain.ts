// Why somebody can or cannot sign in: every step of a sign-in, taken with the functions that a sign-in takes it with, but without a
// password. Nothing is issued and nothing written; whoever has never signed in is explained all the same.

import type { Clients, Client } from '../../clients/clients.ts';
import { epochSeconds } from '../../epoch-seconds.ts';
import { isLocal } from '../../groups/local-membership.ts';
import { acrRequestOf } from '../../policy/acr-request.ts';
import { createAsk } from '../../policy/ask.ts';
import type { Roles } from '../../roles/roles.ts';
import type { OwnedFactors } from '../../second-factors/owned-factors.ts';
import type { AttemptState, AttemptStates } from '../../security/attempt-limiter.ts';
import type { Tenant } from '../../tenants/tenants.ts';
import { shownRoleWithWays } from '../routes/role-shape.ts';
import { explainClaims } from './explain-claims.ts';
import { createExplainPerson } from './explain-person.ts';
import type { ExplainedPerson, FoundPerson, PersonDeps } from './explain-person.ts';
import { explainPolicy } from './explain-policy.ts';
import type { EnrolmentState, ExplainedPolicy } from './explain-policy.ts';
import type { ExplainRequest, Explanation, VerdictCode } from './explain-shape.ts';
import { verdictOf } from './explain-verdict.ts';

export type Explain = (tenant: Tenant, request: ExplainRequest) => Promise<Explanation>;

export interface ExplainDeps extends PersonDeps {
  clients: Pick<Clients, 'find'>;
  roles: Pick<Roles, 'rolesOfUser' | 'waysOfUser'>;
  ownedFactors: OwnedFactors;
  attemptStates: AttemptStates;
  /** Undefined for nobody. */
  enrolmentState(tenantId: string, userId: string): Promise<EnrolmentState | undefined>;
  issuerOf(tenant: Tenant): string;
  /** The tenant as it is served: without factors that there is no channel for. */
  served(tenant: Tenant): Tenant;
  now?: () => Date;
}

/** What stands in the way of somebody who is known, besides the policy. */
export interface Obstacles {
  tenant: Tenant;
  explained: ExplainedPerson;
  policy: ExplainedPolicy | undefined;
  counters: readonly AttemptState[];
  wrongRequest: VerdictCode | undefined;
  now: Date;
}

export function createExplain(deps: ExplainDeps): Explain {
  const { roles, clients, served, now = () => new Date() } = deps;
  const explainPerson = createExplainPerson(deps);
  const ask = createAsk(deps);

  return async (given, request) => {
    const tenant = served(given);
    const at = now();
    const explained = await explainPerson(tenant, request.login);
    const { person, notes, login, lookups, entry, account } = explained;
    const subjects = [...(person?.subjects ?? []), ...(explained.typed === undefined ? [] : [explained.typed])];
    const counters = await deps.attemptStates(tenant.id, subjects);
    const client = request.client_id === undefined ? undefined : await clients.find(tenant.id, request.client_id);
    const policy = person && (await policyOf(tenant, person, client, request, at));
    const wrongRequest = mistakeIn(tenant, request, client);
    const held = person ? await rolesOf(tenant, person) : [];
    const obstacles = { tenant, explained, policy, counters, wrongRequest, now: at };
    return {
      verdict: verdictOf(obstacles),
      login,
      lookups,
      entry,
      account,
      counters: counters.map((one) => shownCounter(one, explained.typed)),
      groups: person ? groupsOf(person) : [],
      roles: held,
      policy: policy?.shown ?? null,
      tokens: person && client ? tokensOf(tenant, person, client, request, policy, held) : null,
      notes: [
        ...notes,
        ...(person && !client ? ['Without an application that is known, no claims are worked out.'] : []),
      ],
    };
  };

  async function policyOf(
    tenant: Tenant,
    { user, isNew }: FoundPerson,
    client: Client | undefined,
    request: ExplainRequest,
    at: Date,
  ): Promise<ExplainedPolicy> {
    const question = await ask({
      policy: tenant.settings.policy,
      client: client?.metadata,
      request: acrRequestOf({ acr_values: request.acr_values }),
      user,
      now: epochSeconds(at),
    });
    const owned = await deps.ownedFactors(tenant, user);
    const state = isNew ? undefined : await deps.enrolmentState(tenant.id, user.id);
    return explainPolicy(question, owned, state ?? NEVER_ASKED);
  }

  async function rolesOf({ id: tenantId }: Tenant, { user }: FoundPerson): Promise<Explanation['roles']> {
    const held = await roles.waysOfUser({ tenantId, userId: user.id, groups: user.groups });
    return held.map(shownRoleWithWays);
  }

  function tokensOf(
    tenant: Tenant,
    { user, isNew }: FoundPerson,
    client: Client,
    request: ExplainRequest,
    policy: ExplainedPolicy | undefined,
    held: Explanation['roles'],
  ): Explanation['tokens'] {
    const resource = request.resource ?? client.metadata.defaultResource;
    return explainClaims({
      tenant,
      issuer: deps.issuerOf(tenant),
      client,
      user,
      isNew,
      roles: held.map(({ name }) => name),
      scopes: wordsIn(request.scope),
      resource,
      acr: policy?.acr,
    });
  }
}

const NEVER_ASKED: EnrolmentState = { grace: undefined, byLinkOnly: false };

/** What the request itself would be refused for. */
function mistakeIn(tenant: Tenant, request: ExplainRequest, client: Client | undefined): VerdictCode | undefined {
  if (request.client_id === undefined) return undefined;
  if (!client) return 'unknown-client';
  const { scope } = client.metadata;
  const isAllowed = scope === undefined || wordsIn(request.scope).every((one) => wordsIn(scope).includes(one));
  if (!isAllowed) return 'scope-not-allowed';
  const isKnown = request.resource === undefined || Object.hasOwn(tenant.settings.resources, request.resource);
  return isKnown ? undefined : 'unknown-resource';
}

function groupsOf({ user }: FoundPerson): Explanation['groups'] {
  return user.groups.map((group) => {
    const { id, name, via } = group;
    const here = isLocal(group);
    return { id, name, dn: here ? null : group.dn, from: here ? 'local' : 'directory', via: [...via] };
  });
}

function shownCounter(
  { kind, subject, failures, blockedUntil }: AttemptState,
  typed: string | undefined,
): Explanation['counters'][number] {
  const on = subject === typed ? 'the name that was typed' : 'the account';
  return { kind, on, failures, blockedUntil: blockedUntil?.toISOString() ?? null };
}

function wordsIn(text: string): string[] {
  return text.split(' ').filter(Boolean);
}
