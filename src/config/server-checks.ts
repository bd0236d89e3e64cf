// Rules between the keys of the server and of several tenants.

import { isLoopback } from '../loopback.ts';
import type { View } from './loose-view.ts';
import type { Finding } from './tree.ts';

export function* serverProblems(view: View): Generator<Finding> {
  yield* unfitForProduction(view);
  yield* repeatedKeys(view);
  yield* unfitHosts(view);
}

/** What works, and is seldom meant. */
export function* serverWarnings(view: View): Generator<Finding> {
  const { production, publicUrl, redisUrl, trustedProxies } = view;
  if (!production) return;
  yield* missingChannels(view);
  if (redisUrl === undefined) {
    const message = 'is missing: logins under way and attempt limits stay in the memory of this process';
    yield { path: ['redisUrl'], message, mend: 'set it before a second process runs' };
  }
  if (publicUrl?.startsWith('https:') && trustedProxies.length === 0) {
    const message = 'is empty, though https means that a proxy stands in front: everybody has its address';
    yield { path: ['trustedProxies'], message, mend: 'name the proxy, as 10.0.0.0/8' };
  }
}

/** A factor that nothing can be sent by is offered to nobody. */
function* missingChannels({ mail, sms, tenants }: View): Generator<Finding> {
  const missing = [...(mail === undefined ? ['email'] : []), ...(sms.provider === undefined ? ['sms'] : [])];
  for (const [slug, { policy }] of Object.entries(tenants)) {
    for (const [index, factor] of policy.secondFactors.allowed.entries()) {
      if (factor === undefined || !missing.includes(factor)) continue;
      const path = ['tenants', slug, 'policy', 'secondFactors', 'allowed', String(index)];
      const channel = factor === 'sms' ? 'sms' : 'mail';
      yield {
        path,
        message: `needs ${channel}, which is not configured`,
        mend: `add ${channel}, or leave ${factor} out`,
      };
    }
  }
}

function* unfitForProduction({ production, publicUrl, databaseUrl, sms }: View): Generator<Finding> {
  if (!production) return;
  if (publicUrl?.startsWith('http:')) {
    yield { path: ['publicUrl'], message: 'must be https in production', mend: 'write https://…' };
  }
  if (databaseUrl === undefined) {
    const message = 'is missing: the embedded database is not for production';
    yield { path: ['databaseUrl'], message, mend: 'add databaseUrlFile, or set SALLYPORT_DATABASE_URL_FILE' };
  }
  const endpoint = URL.parse(sms.endpoint ?? '');
  if (endpoint?.protocol === 'http:' && !isLoopback(endpoint.hostname)) {
    const message = 'would carry codes in the clear';
    yield { path: ['sms', 'endpoint'], message, mend: 'write https://…, or leave it out' };
  }
}

function* repeatedKeys({ encryption: { keys } }: View): Generator<Finding> {
  for (const [index, { id, secret }] of keys.entries()) {
    const before = keys.slice(0, index);
    if (id !== undefined && before.some((key) => key.id === id)) {
      const mend = 'give each key an id of its own';
      yield { path: ['encryption', 'keys', String(index), 'id'], message: 'is the id of an earlier key too', mend };
    }
    if (secret !== undefined && before.some((key) => key.secret === secret)) {
      const mend = 'make a new one: openssl rand -base64 32';
      yield {
        path: ['encryption', 'keys', String(index), 'secret'],
        message: 'is the secret of an earlier key too',
        mend,
      };
    }
  }
}

function* unfitHosts({ publicUrl, tenants }: View): Generator<Finding> {
  const taken = new Map<string, string>();
  const shared = URL.parse(publicUrl ?? '')?.host;
  if (shared !== undefined) taken.set(shared, 'publicUrl');
  for (const [slug, { host }] of Object.entries(tenants)) {
    if (host === undefined) continue;
    const problem = hostProblem(host, taken);
    if (problem) yield { path: ['tenants', slug, 'host'], ...problem };
    taken.set(host, `tenant ${slug}`);
  }
}

/** What is wrong with a host that a tenant is to have to itself; `taken`: whose each host is already. */
export function hostProblem(host: string, taken: ReadonlyMap<string, string>): Omit<Finding, 'path'> | undefined {
  if (URL.parse(`https://${host}`)?.host !== host) {
    return { message: 'is not a host', mend: 'write the host only, in lower case, as login.example.com' };
  }
  const owner = taken.get(host);
  if (owner === undefined) return undefined;
  return { message: `is the host of ${owner} too`, mend: 'give each tenant a host of its own, or none' };
}
