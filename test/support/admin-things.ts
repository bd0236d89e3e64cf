// One thing of each kind that the admin API administers, and where each is, for tests that walk through all of its routes.

import type { Operation } from './openapi.ts';

/** By the name that paths give them. */
export type Ids = Record<string, string>;

export interface Listed {
  items?: readonly Record<string, string>[];
  nextPageToken?: string;
}

export function pathOf({ path }: Operation, tenant: string, ids: Ids): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'tenant' ? tenant : encodeURIComponent(ids[name] ?? '0190a000-0000-7000-8000-000000000000'),
  );
}

/** The first thing of every collection that can be listed, by the name that paths give it. */
export async function idsOf(
  operations: readonly Operation[],
  read: (path: string) => Promise<Listed>,
  tenant: string,
): Promise<Ids> {
  const ids: Ids = {};
  for (const { path, params } of operations.toSorted((a, b) => a.path.length - b.path.length)) {
    const last = params.at(-1);
    if (last === undefined || last === 'tenant' || last in ids || !path.endsWith(`{${last}}`)) continue;
    const collection = path.slice(0, path.lastIndexOf('/'));
    const list = operations.find((one) => one.path === collection && one.method === 'GET');
    if (!list || !params.slice(0, -1).every((name) => name === 'tenant' || name in ids)) continue;
    const { items = [] } = await read(pathOf(list, tenant, ids));
    // What the file declares, and what every tenant has, other tenants have by the same name.
    const item = items.find(({ managedBy = 'api' }) => managedBy === 'api');
    const id = item && (item[last] ?? item.id ?? item.client_id ?? item.kid ?? item.uid ?? item.name);
    if (id !== undefined) ids[last] = id;
  }
  return ids;
}

/** One thing of each kind, so that there is an id to try. `token`: of somebody who may make them. */
export async function fill(publicUrl: string, slug: string, token: string): Promise<void> {
  const post = async (at: string, body: object): Promise<Record<string, string>> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${publicUrl}/admin/v1/tenants/${slug}${at}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${at}: ${await answer.text()}`);
    return answer.json() as Promise<Record<string, string>>;
  };
  const user = await post('/users', { userName: 'gerda', profile: { email: 'gerda@example.com' } });
  await post('/users', { userName: 'gustav' });
  const group = await post('/groups', { name: 'staff' });
  await post('/groups', { name: 'board' });
  await post(`/groups/${group.id ?? ''}/members`, { userId: user.id });
  await post(`/groups/${group.id ?? ''}/managers`, { userId: user.id });
  await post('/resource-types', { name: 'invoice', actions: ['read'] });
  await post('/roles', { name: 'reader', permissions: ['users:read'] });
  await post('/clients', { client_id: 'wiki', redirect_uris: ['https://wiki.example/'] });
  await post('/clients/wiki/secrets', {});
  await post('/webhooks', { url: 'https://hooks.example/', events: ['user.*'] });
}
