// A program of an operator's: the client made of the document, typed by it, through the life of a user and a group.

import createClient from 'openapi-fetch';

import type { paths } from './api.d.ts';

const [baseUrl = '', key = '', tenant = ''] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
const of = { path: { tenant } };

const made = await api.POST('/tenants/{tenant}/users', {
  params: of,
  body: { userName: 'cleo', profile: { email: 'cleo@example.com', givenName: 'Cleo' } },
});
if (!made.data) throw new Error(JSON.stringify(made.error));
const userId: string = made.data.id;

const path = { tenant, userId };
const seen = await api.GET('/tenants/{tenant}/users/{userId}', { params: { path } });
const etag = seen.response.headers.get('etag') ?? '';
const changed = await api.PATCH('/tenants/{tenant}/users/{userId}', {
  params: { path, header: { 'If-Match': etag } },
  body: { profile: { givenName: 'Cleopatra' } },
});
const stale = await api.PATCH('/tenants/{tenant}/users/{userId}', {
  params: { path, header: { 'If-Match': etag } },
  body: { profile: { givenName: 'Nobody' } },
});

const group = await api.POST('/tenants/{tenant}/groups', { params: of, body: { name: 'readers' } });
if (!group.data) throw new Error(JSON.stringify(group.error));
const member = await api.POST('/tenants/{tenant}/groups/{groupId}/members', {
  params: { path: { tenant, groupId: group.data.id } },
  body: { userId },
});

const found = await api.GET('/tenants/{tenant}/users', {
  params: { ...of, query: { filter: 'userName sw "cle"', pageSize: 10 } },
});
const deleted = await api.DELETE('/tenants/{tenant}/users/{userId}', { params: { path, header: { 'If-Match': '*' } } });
const gone = await api.GET('/tenants/{tenant}/users/{userId}', { params: { path } });

process.stdout.write(
  JSON.stringify({
    givenName: changed.data?.profile.givenName,
    stale: stale.error?.code,
    member: member.response.status,
    found: found.data?.items.map(({ userName }) => userName),
    deleted: deleted.response.status,
    gone: gone.error?.code,
  }),
);
