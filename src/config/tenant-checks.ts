// Rules between the keys of one tenant.

import { plainRedirects, serviceWithoutProof, unknownResource, wantsSecret } from '../clients/client-rules.ts';
import type { ClientMistake } from '../clients/client-rules.ts';
import { adminAudience } from '../admin/authentication/resource.ts';
import { isLoopback } from '../loopback.ts';
import { isAttainable } from '../policy/required-proof.ts';
import { BUILT_IN_ROLES, isBuiltIn } from '../roles/built-in-roles.ts';
import type { ClientView, TenantView, View } from './loose-view.ts';
import { nearest } from './nearest.ts';
import type { Finding, Path } from './tree.ts';

export function* tenantProblems({ production, publicUrl, tenants }: View): Generator<Finding> {
  for (const [slug, tenant] of Object.entries(tenants)) {
    const adminApi = publicUrl === undefined ? undefined : adminAudience(publicUrl.replace(/\/$/, ''));
    const problems = [...problemsOf(tenant, production, adminApi), ...foreignDomain(tenant, publicUrl)];
    for (const { path, ...said } of problems) yield { path: ['tenants', slug, ...path], ...said };
  }
}

/** What works, and is seldom meant. */
export function* tenantWarnings({ publicUrl, tenants }: View): Generator<Finding> {
  for (const [slug, tenant] of Object.entries(tenants)) {
    for (const { path, ...said } of uselessPasskeys(tenant, publicUrl)) {
      yield { path: ['tenants', slug, ...path], ...said };
    }
    for (const { path, ...said } of messagesToNowhere(tenant)) yield { path: ['tenants', slug, ...path], ...said };
  }
  yield* unattainableLevels({ tenants });
}

/** Clients that nobody could sign in to. */
export function* unattainableLevels({ tenants }: Pick<View, 'tenants'>): Generator<Finding> {
  for (const [slug, { policy, clients }] of Object.entries(tenants)) {
    for (const [id, { minimumAcr }] of Object.entries(clients)) {
      if (minimumAcr === undefined || !policy.whole || isAttainable(policy.whole, minimumAcr)) continue;
      const path = ['tenants', slug, 'clients', id, 'minimumAcr'];
      const message = 'is reached by none of the second factors that are allowed: nobody can sign in';
      yield { path, message, mend: 'allow one that does, by policy.secondFactors.allowed and policy.levels' };
    }
  }
}

function* problemsOf(tenant: TenantView, production: boolean, adminApi: string | undefined): Generator<Finding> {
  if (adminApi !== undefined) yield* redefinedAdminApi(tenant, adminApi);
  yield* builtInRoles(tenant);
  yield* unknownRoles(tenant);
  yield* circlesOfRoles(tenant);
  yield* unsafeDirectories(tenant, production);
  yield* sharedRealms(tenant);
  yield* unchangeable(tenant);
  if (production) yield* nothingButMessagesToNowhere(tenant);
  const resources = [...Object.keys(tenant.resources), ...(adminApi === undefined ? [] : [adminApi])];
  for (const [id, client] of Object.entries(tenant.clients)) {
    yield* unfitSecret(client, ['clients', id]);
    for (const { path, ...said } of clientProblems(client, resources, production)) {
      yield { path: ['clients', id, ...path], ...said };
    }
  }
}

/** SMS goes only where the tenant says: otherwise strangers would send it to numbers that earn them money. */
function* messagesToNowhere({ policy }: TenantView): Generator<Finding> {
  const { countries, country } = policy.whole?.sms ?? {};
  if (!policy.secondFactors.allowed.includes('sms') || !policy.whole || countries || country) return;
  yield {
    path: ['policy', 'sms', 'countries'],
    message: 'is missing, and so is country: no text message is sent, and sms is offered to nobody',
    mend: 'name the countries that messages may go to, as [CH, DE], or leave sms out',
  };
}

/** Where that leaves no factor that anybody could have, this would be found only when nobody gets in. */
function* nothingButMessagesToNowhere(tenant: TenantView): Generator<Finding> {
  const { allowed = [], required } = tenant.policy.whole?.secondFactors ?? {};
  const others = allowed.filter((factor) => factor !== 'sms' && factor !== 'recovery-code');
  if (required !== 'never' && others.length === 0) yield* messagesToNowhere(tenant);
}

/** What these permit is the program's to say, and who holds them is not to change because a file uses the same word. */
function* builtInRoles({ roles }: TenantView): Generator<Finding> {
  for (const role of Object.keys(roles).filter(isBuiltIn)) {
    const mend = `give the role another name, which may inherit ${role} if its holders are to administer the tenant`;
    yield { path: ['roles', role], message: 'is the name of a built-in role', mend };
  }
}

function* unknownRoles({ roles, clients, policy }: TenantView): Generator<Finding> {
  const declared = Object.keys(roles);
  const lists: [Path, readonly (string | undefined)[]][] = [
    [['policy', 'secondFactors', 'required', 'roles'], policy.secondFactors.required.roles],
    ...Object.entries(roles).map(([role, { inherits }]): [Path, typeof inherits] => [
      ['roles', role, 'inherits'],
      inherits,
    ]),
    ...Object.entries(clients).map(([id, client]): [Path, typeof client.roles] => [
      ['clients', id, 'allow', 'roles'],
      client.allow.roles,
    ]),
  ];
  for (const [path, names] of lists) yield* namesOfNothing(path, names, [...declared, ...BUILT_IN_ROLES]);
  // The file says who holds the roles that it declares, and of no others.
  for (const [id, client] of Object.entries(clients)) {
    yield* namesOfNothing(['clients', id, 'roles'], client.roles, declared);
  }
}

function* namesOfNothing(
  path: Path,
  names: readonly (string | undefined)[],
  known: readonly string[],
): Generator<Finding> {
  for (const [index, name] of names.entries()) {
    if (name === undefined || known.includes(name)) continue;
    const meant = nearest(name, known);
    const toAdd = isBuiltIn(name)
      ? `declare a role that inherits ${name}, and name that one`
      : 'add the role below roles, or name one that is there';
    const mend = meant === undefined ? toAdd : `did you mean ${meant}?`;
    yield { path: [...path, String(index)], message: 'is not a role of this tenant', mend };
  }
}

/** Each circle once, at the first of its roles. */
function* circlesOfRoles({ roles }: TenantView): Generator<Finding> {
  const told = new Set<string>();
  for (const role of Object.keys(roles)) {
    if (told.has(role)) continue;
    const circle = circleFrom(role, roles);
    if (circle === undefined) continue;
    for (const member of circle) told.add(member);
    const message = `inherits itself: ${[...circle, role].join(', ')}`;
    yield { path: ['roles', role, 'inherits'], message, mend: 'take one of them out' };
  }
}

/** The shortest way along `inherits` that leads from a role back to it. */
function circleFrom(start: string, roles: TenantView['roles']): string[] | undefined {
  const seen = new Set<string>();
  const ways = [[start]];
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of roles[way.at(-1) ?? '']?.inherits ?? []) {
      if (next === start) return way;
      if (next === undefined || seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

function* unsafeDirectories({ directories }: TenantView, production: boolean): Generator<Finding> {
  for (const [name, { urls, tls }] of Object.entries(directories)) {
    for (const [index, text] of urls.entries()) {
      const url = URL.parse(text ?? '');
      if (url === null) continue;
      const path = ['directories', name, 'urls', String(index)];
      if (url.protocol === 'ldaps:' && tls.mode === 'starttls') {
        yield { path, message: 'is ldaps, and tls.mode says starttls', mend: 'write ldap://, or tls: { mode: ldaps }' };
      }
      if (production && url.protocol === 'ldap:' && tls.mode === 'none' && !isLoopback(url.hostname)) {
        const message = 'would get passwords in the clear';
        yield { path, message, mend: 'write tls: { mode: starttls }, or ldaps:// with tls: { mode: ldaps }' };
      }
    }
  }
}

function* sharedRealms({ directories }: TenantView): Generator<Finding> {
  const owners = new Map<string, string>();
  for (const [name, { realm }] of Object.entries(directories)) {
    if (realm === undefined) continue;
    const owner = owners.get(realm.toLowerCase());
    if (owner !== undefined) {
      const path = ['directories', name, 'realm'];
      yield { path, message: `is the realm of ${owner} too`, mend: 'give each directory a realm of its own' };
    }
    owners.set(realm.toLowerCase(), name);
  }
}

/** An administrator of the tenant could never take it back. */
function* unchangeable({ policy: { whole } }: TenantView): Generator<Finding> {
  if (!whole?.administration.freshSecondFactor || isAttainable(whole, 'mfa')) return;
  yield {
    path: ['policy', 'administration', 'freshSecondFactor'],
    message: 'asks administrators for acr mfa, which none of the allowed second factors gives',
    mend: 'allow one that does, by policy.secondFactors.allowed and policy.levels',
  };
}

/** Where a tenant's people sign in; undefined as long as that is no URL. */
function signInUrl({ host }: TenantView, publicUrl = ''): URL | undefined {
  const url = URL.parse(publicUrl) ?? undefined;
  return url && host !== undefined ? (URL.parse(`${url.protocol}//${host}`) ?? undefined) : url;
}

/** Browsers make passkeys for a page's own host or a domain above it, and for no top-level domain (Web Authentication Level 3, 5.1.3). */
function* foreignDomain(tenant: TenantView, publicUrl: string | undefined): Generator<Finding> {
  const { rpId } = tenant.policy.passkeys;
  const host = signInUrl(tenant, publicUrl)?.hostname;
  if (rpId === undefined || host === undefined) return;
  const path = ['policy', 'passkeys', 'rpId'];
  const mend = `write ${host}, or leave it out`;
  if (rpId !== host && !host.endsWith(`.${rpId}`)) {
    yield { path, message: `is neither ${host}, where people sign in, nor a domain above it`, mend };
  } else if (!rpId.includes('.') && rpId !== 'localhost') {
    yield { path, message: 'is a single word, for which browsers make no passkeys', mend };
  }
}

/** Browsers know no passkeys on pages in the clear, other than of this machine, and on none that is named by an address. */
function* uselessPasskeys(tenant: TenantView, publicUrl: string | undefined): Generator<Finding> {
  const index = tenant.policy.whole?.secondFactors.allowed.indexOf('passkey') ?? -1;
  const url = signInUrl(tenant, publicUrl);
  if (index < 0 || !url) return;
  const { protocol, hostname } = url;
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost');
  const isAddress = /^\[|^[\d.]+$/.test(hostname);
  if (isLocal || (protocol === 'https:' && !isAddress)) return;
  yield {
    path: ['policy', 'secondFactors', 'allowed'],
    message: `has passkey, and browsers know no passkeys at ${url.origin}`,
    mend: 'serve it by https under a name, or leave passkey out',
  };
}

function* unfitSecret(client: ClientView, path: Path): Generator<Finding> {
  const method = client.token_endpoint_auth_method;
  const given = client.client_secret !== undefined;
  if (wantsSecret(client) && !given) {
    const mend =
      'add client_secretFile, or write token_endpoint_auth_method: none for an app that cannot keep a secret';
    yield { path: [...path, 'client_secret'], message: `is missing: ${method} needs it`, mend };
  }
  if (!wantsSecret(client) && given) {
    const mend = 'remove the secret, or choose client_secret_basic';
    yield { path: [...path, 'client_secret'], message: `is of no use to token_endpoint_auth_method ${method}`, mend };
  }
}

/** What clients of the admin API are held against as well. */
/** What its tokens are is the program's to say. */
function* redefinedAdminApi({ resources }: TenantView, adminApi: string): Generator<Finding> {
  if (!Object.hasOwn(resources, adminApi)) return;
  yield { path: ['resources', adminApi], message: 'is the admin API', mend: 'leave it out: every tenant has it' };
}

function* clientProblems(
  client: ClientView,
  resources: readonly string[],
  production: boolean,
): Generator<ClientMistake> {
  const meant = client.defaultResource === undefined ? undefined : nearest(client.defaultResource, resources);
  yield* serviceWithoutProof(client);
  yield* unknownResource(client, resources, meant === undefined ? 'add it below resources' : `did you mean ${meant}?`);
  if (production) yield* plainRedirects(client);
}
