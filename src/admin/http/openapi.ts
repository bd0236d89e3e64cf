// The OpenAPI 3.1 document, made of the very declarations that are served. Loaded when it is first asked for: what makes it is
// large, and no other request needs it.

import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';

import { operatorsOf } from '../filter.ts';
import { isRepeatable } from './idempotency.ts';
import { bodyTypesOf } from './json-body.ts';
import { sortableFields } from '../list-query.ts';
import { PROBLEM_TYPE } from './problem-document.ts';
import { PROBLEMS } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';
import { PAGE_SIZE } from '../route.ts';
import type { AdminRoute } from '../route.ts';
import type { ListFields } from '../../listing.ts';

const SECURITY = {
  accessToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token of one of our own issuers, for the resource {publicUrl}/admin.',
  },
  senderConstrained: {
    type: 'http',
    scheme: 'DPoP',
    description: 'The same, bound to a key (RFC 9449): with a proof in the header DPoP.',
  },
  apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'sp_…', description: 'An API key of the tenant.' },
} as const;

/** In the order of the document; what is none of them comes first. */
const TAGS = [
  ...['Tenants', 'Settings', 'Directories', 'Users', 'Groups', 'Roles', 'Clients', 'Sessions', 'API keys'],
  ...['Webhooks', 'Deliveries', 'Audit', 'Keys', 'Explain'],
];

const problemSchema = z
  .object({
    type: z.string().describe('An address with a page about the code'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string().describe('As in the header X-Request-Id, and in our log'),
    errors: z
      .array(z.object({ pointer: z.string().optional(), parameter: z.string().optional(), detail: z.string() }))
      .optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

/** @param publicUrl an origin. */
export function openApiDocument(routes: readonly AdminRoute[], publicUrl: string): object {
  const registry = new OpenAPIRegistry();
  for (const [name, scheme] of Object.entries(SECURITY)) registry.registerComponent('securitySchemes', name, scheme);
  const named = namedSchemas(routes);
  const inOrder = [...routes].sort((a, b) => TAGS.indexOf(a.tag) - TAGS.indexOf(b.tag));
  for (const route of inOrder) registry.registerPath(operation(route, named));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sallyport admin API',
      version: '1',
      description:
        'What administrators do. Every write is in the audit trail, says with If-Match which state it is for, and answers a problem document where it is refused.',
    },
    servers: [{ url: `${publicUrl}/admin/v1` }],
    security: Object.keys(SECURITY).map((name) => ({ [name]: [] })),
    tags: [...new Set(inOrder.map(({ tag }) => tag))].map((name) => ({ name })),
  });
}

type Named = ReadonlyMap<z.ZodType, z.ZodType>;

/** What `getUser` answers is a `User`, wherever else it is answered, unless it has a name of its own. */
function namedSchemas(routes: readonly AdminRoute[]): Named {
  const named = new Map<z.ZodType, z.ZodType>();
  for (const { id, answer } of routes) {
    const [, name] = /^get([A-Z]\w*)$/.exec(id) ?? [];
    if (name === undefined || !answer || answer.meta()?.id !== undefined || named.has(answer)) continue;
    named.set(answer, answer.meta({ ...answer.meta(), id: name }));
  }
  return named;
}

function operation(route: AdminRoute, named: Named): RouteConfig {
  const { id, method, path, tag, summary, permission, also } = route;
  const body = requestBody(route);
  return {
    operationId: id,
    method: methodName(method),
    path,
    tags: [tag],
    summary,
    description: descriptionOf(route),
    'x-permission': permission,
    ...(also && { 'x-permission-also': also }),
    request: {
      params: z.object({
        ...(path.includes('{tenant}') && { tenant: z.string().describe('Slug of the tenant') }),
        ...route.params?.shape,
      }),
      query: z.object({ ...listParameters(route), ...route.query?.shape }),
      headers: z.object(headersOf(route)),
      ...(body && { body }),
    },
    responses: {
      [String(route.status ?? 200)]: success(route, named),
      ...Object.fromEntries([...problemsOf(route)].map(([status, codes]) => [status, refusal(codes)])),
    },
  };
}

function methodName(method: AdminRoute['method']): RouteConfig['method'] {
  const names = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;
  return names[method];
}

const ALSO = {
  'own-groups': ', or to manage the group',
  root: ', as an administrator of the tenant `root`',
} as const;

function descriptionOf({ description, permission, also }: AdminRoute): string {
  const needs = `Needs the permission \`${permission}\`${also ? ALSO[also] : ''}.`;
  return description === undefined ? needs : `${description}\n\n${needs}`;
}

function listParameters(route: AdminRoute): z.ZodRawShape {
  const { lists, defaultSort = 'id' } = route;
  if (!lists) return {};
  const fields = Object.entries(lists).map(
    ([name, field]) => `- \`${name}\` (${field.type}): pr, ${operatorsOf(field).join(', ')}`,
  );
  const sorts = sortableFields(route).flatMap((name) => [name, `-${name}`]);
  const filter = `A filter in SCIM's grammar (RFC 7644 3.4.2.2), with and, or, not and brackets, over:\n\n${fields.join('\n')}`;
  const pages = {
    pageSize: z.coerce.number().int().min(1).max(PAGE_SIZE.most).default(PAGE_SIZE.usual).optional(),
    pageToken: z.string().optional().describe('The nextPageToken of the page before, of the same filter and sort'),
  };
  return {
    // A stream has all of it.
    ...(route.gives === undefined && pages),
    ...(fields.length > 0 && {
      filter: z
        .string()
        .optional()
        .meta({ description: filter, examples: [exampleOf(lists)] }),
    }),
    sort: z.enum(sorts).default(defaultSort).optional().describe('With - for the last first'),
  };
}

/** Of the first field that says something: everything has an id. */
function exampleOf(lists: ListFields): string {
  const fields = Object.entries(lists);
  const [name, { type }] = fields.find(([one]) => one !== 'id') ?? fields[0] ?? ['id', { type: 'id' }];
  if (type === 'time') return `${name} ge "2026-01-01T00:00:00Z"`;
  return type === 'text' ? `${name} sw "a"` : `${name} pr`;
}

function headersOf(route: AdminRoute): z.ZodRawShape {
  const isWrite = ['PUT', 'PATCH', 'DELETE'].includes(route.method);
  const tag = z.string().describe('The ETag of what was seen, or *');
  return {
    ...(isWrite && { 'If-Match': tag }),
    ...(isRepeatable(route) && {
      'Idempotency-Key': z
        .string()
        .max(255)
        .optional()
        .describe('The same request with the same key is answered again, and not done again, for 24 hours'),
    }),
  };
}

function requestBody({ body, takes, method }: AdminRoute) {
  const schema = takes ? z.string() : body;
  if (!schema) return undefined;
  const types = takes ?? bodyTypesOf(method);
  const mayBeLeftOut = method === 'POST' && !takes && schema.safeParse({}).success;
  return { required: !mayBeLeftOut, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function success(route: AdminRoute, named: Named): RouteConfig['responses'][string] {
  const { answer, gives, lists, status = 200 } = route;
  const description = { 200: 'Done', 201: 'Made', 202: 'Begun', 204: 'Done, with nothing to show' }[status];
  if (gives !== undefined) return { description, content: { [gives]: { schema: z.string() } } };
  if (!answer) return { description };
  const item = named.get(answer) ?? answer;
  const schema = lists ? z.object({ items: z.array(item), nextPageToken: z.string().optional() }) : item;
  const headers = {
    ...(!lists && { ETag: { schema: { type: 'string' as const } } }),
    ...(status === 201 && { Location: { schema: { type: 'string' as const, format: 'uri' } } }),
  };
  return { description, headers, content: { 'application/json': { schema } } };
}

/** By their status. */
function problemsOf(route: AdminRoute): Map<number, ProblemCode[]> {
  const { method, lists, path, body, takes } = route;
  const changes = method !== 'GET' && !route.safe;
  const codes: ProblemCode[] = [
    'invalid-request',
    ...(lists ? (['invalid-filter', 'invalid-sort', 'invalid-page-token'] as const) : []),
    ...(body ? (['invalid-json'] as const) : []),
    'unauthenticated',
    ...(changes ? (['insufficient-user-authentication'] as const) : []),
    'permission-denied',
    ...(path.includes('{') ? (['not-found'] as const) : []),
    ...(changes ? (['conflict', 'wrong-state'] as const) : []),
    ...(method === 'GET' || method === 'POST' ? [] : (['precondition-failed', 'precondition-required'] as const)),
    ...(body || takes ? (['payload-too-large', 'unsupported-media-type'] as const) : []),
    ...(isRepeatable(route) ? (['idempotency-key-reused'] as const) : []),
    'too-many-requests',
    'internal',
    'unavailable',
  ];
  return Map.groupBy(codes, (code) => PROBLEMS[code].status);
}

function refusal(codes: readonly ProblemCode[]): RouteConfig['responses'][string] {
  const description = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' ');
  return { description, content: { [PROBLEM_TYPE]: { schema: problemSchema } } };
}
