// Rules between the keys of one tenant.

import { isLoopback } from '../loopback.ts';
import { isAttainable } from '../policy/required-proof.ts';
import type { ClientView, TenantView, View } from './loose-view.ts';
import { nearest } from './nearest.ts';
import type { Finding, Path } from './tree.ts';

export function* tenantProblems({ production, publicUrl, tenants }: View): Generator<Finding> {
  for (const [slug, tenant] of Object.entries(tenants)) {
    const problems = [...problemsOf(tenant, production), ...foreignDomain(tenant, publicUrl)];
    for (const { path, ...said } of problems) yield { path: ['tenants', slug, ...path], ...said };
  }
}

/** What works, and is seldom meant. */
export function* tenantWarnings({ publicUrl, tenants }: View): Generator<Finding> {
  for (const [slug, tenant] of Object.entries(tenants)) {
    const { policy, clients } = tenant;
    for (const { path, ...said } of uselessPasskeys(tenant, publicUrl)) {
      yield { path: ['tenants', slug, ...path], ...said };
    }
    for (const { path, ...said } of messagesToNowhere(tenant)) yield { path: ['tenants', slug, ...path], ...said };
    for (const [id, { minimumAcr }] of Object.entries(clients)) {
      if (minimumAcr === undefined || !policy.whole || isAttainable(policy.whole, minimumAcr)) continue;
      const path = ['tenants', slug, 'clients', id, 'minimumAcr'];
      const message = 'is reached by none of the second factors that are allowed: nobody can sign in';
      yield { path, message, mend: 'allow one that does, by policy.secondFactors.allowed and policy.levels' };
    }
  }
}

function* problemsOf(tenant: TenantView, production: boolean): Generator<Finding> {
  yield* unknownRoles(tenant);
  yield* circlesOfRoles(tenant);
  yield* unsafeDirectories(tenant, production);
  yield* sharedRealms(tenant);
  if (production) yield* nothingButMessagesToNowhere(tenant);
  for (const [id, client] of Object.entries(tenant.clients)) {
    yield* unfitSecret(client, ['clients', id]);
    yield* unknownResource(client, tenant, ['clients', id]);
    if (production) yield* plainRedirects(client, ['clients', id]);
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

function* unknownRoles({ roles, clients, policy }: TenantView): Generator<Finding> {
  const known = Object.keys(roles);
  const lists: [Path, readonly (string | undefined)[]][] = [
    [['policy', 'secondFactors', 'required', 'roles'], policy.secondFactors.required.roles],
    ...Object.entries(roles).map(([role, { inherits }]): [Path, typeof inherits] => [
      ['roles', role, 'inherits'],
      inherits,
    ]),
    ...Object.entries(clients).flatMap(([id, client]): [Path, typeof client.roles][] => [
      [['clients', id, 'allow', 'roles'], client.allow.roles],
      [['clients', id, 'roles'], client.roles],
    ]),
  ];
  const named = lists.flatMap(([path, names]) =>
    names.map((name, index) => ({ path: [...path, String(index)], name })),
  );
  for (const { path, name } of named) {
    if (name === undefined || known.includes(name)) continue;
    const meant = nearest(name, known);
    const mend = meant === undefined ? 'add the role below roles, or name one that is there' : `did you mean ${meant}?`;
    yield { path, message: 'is not a role of this tenant', mend };
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
  if (method.startsWith('client_secret') && !given) {
    const mend =
      'add client_secretFile, or write token_endpoint_auth_method: none for an app that cannot keep a secret';
    yield { path: [...path, 'client_secret'], message: `is missing: ${method} needs it`, mend };
  }
  if (!method.startsWith('client_secret') && given) {
    const mend = 'remove the secret, or choose client_secret_basic';
    yield { path: [...path, 'client_secret'], message: `is of no use to token_endpoint_auth_method ${method}`, mend };
  }
  if (method === 'none' && client.grant_types.includes('client_credentials')) {
    // RFC 6749 4.4: confidential clients only.
    const message = 'has client_credentials, for which a client needs to prove who it is';
    yield { path: [...path, 'grant_types'], message, mend: 'give it a secret, or leave client_credentials out' };
  }
}

function* unknownResource({ defaultResource }: ClientView, tenant: TenantView, path: Path): Generator<Finding> {
  const known = Object.keys(tenant.resources);
  if (defaultResource === undefined || known.includes(defaultResource)) return;
  const meant = nearest(defaultResource, known);
  const mend = meant === undefined ? 'add it below resources' : `did you mean ${meant}?`;
  yield { path: [...path, 'defaultResource'], message: 'is not among the resources of this tenant', mend };
}

/** A code on an unencrypted network is anybody's (RFC 9700 2.6); on loopback it leaves no machine (RFC 8252 7.3). */
function* plainRedirects(client: ClientView, path: Path): Generator<Finding> {
  for (const [index, uri] of client.redirect_uris.entries()) {
    const url = URL.parse(uri ?? '');
    if (url?.protocol !== 'http:' || isLoopback(url.hostname)) continue;
    const message = 'would get the code in the clear';
    yield {
      path: [...path, 'redirect_uris', String(index)],
      message,
      mend: 'write https://; http is for loopback only',
    };
  }
}
