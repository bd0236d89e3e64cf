import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { z } from 'zod';

import { parseFilter } from '../../src/admin/filter.ts';
import { openApiDocument } from '../../src/admin/http/openapi.ts';
import { idParam, route } from '../../src/admin/route.ts';
import type { AdminRoute } from '../../src/admin/route.ts';
import { declaredRoutes } from '../../src/commands/api/declared-routes.ts';

const PUBLIC_URL = 'https://id.example.com';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Record<string, unknown>;
}

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  'x-permission': string;
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, object> };
  responses: Record<string, { content?: Record<string, { schema: object }>; headers?: object }>;
}

interface Document {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  tags: { name: string }[];
  components: { securitySchemes: object; schemas: Record<string, object> };
}

const thing = z.object({ id: idParam, name: z.string(), createdAt: z.iso.datetime() });
const answer = () => Promise.resolve({ body: { id: '', name: '', createdAt: '' } });
const common = { tag: 'Things', permission: 'users:write' } as const;
const params = z.object({ thingId: idParam });

const EXAMPLES: readonly AdminRoute[] = [
  route(
    {
      ...{ ...common, id: 'listThings', method: 'GET', path: '/tenants/{tenant}/things', summary: 'List things' },
      lists: { name: { type: 'text', sortable: true }, createdAt: { type: 'time' } },
      query: z.object({ deleted: z.enum(['yes', 'no']).optional() }),
      defaultSort: 'name',
      answer: thing,
    },
    () => Promise.resolve({ body: { items: [], next: undefined } }),
  ),
  route(
    {
      ...{ ...common, id: 'getThing', method: 'GET', path: '/tenants/{tenant}/things/{thingId}', summary: 'Show one' },
      params,
      answer: thing,
    },
    answer,
  ),
  route(
    {
      ...{ ...common, id: 'createThing', method: 'POST', path: '/tenants/{tenant}/things', summary: 'Make one' },
      body: z.strictObject({ name: z.string().min(1) }),
      status: 201,
      answer: thing,
    },
    answer,
  ),
  route(
    {
      ...{
        ...common,
        id: 'updateThing',
        method: 'PATCH',
        path: '/tenants/{tenant}/things/{thingId}',
        summary: 'Change',
      },
      params,
      body: z.strictObject({ name: z.string().nullish() }),
      answer: thing,
    },
    answer,
  ),
  route(
    {
      ...{ ...common, id: 'tidyThings', method: 'POST', path: '/tenants/{tenant}/things:tidy', summary: 'Tidy' },
      body: z.strictObject({ now: z.boolean().optional() }),
    },
    () => Promise.resolve({ body: undefined }),
  ),
  route(
    {
      ...{ ...common, id: 'importThings', method: 'POST', path: '/tenants/{tenant}/things:import', summary: 'Import' },
      takes: ['text/csv'],
      gives: 'application/x-ndjson',
    },
    () => Promise.resolve({ body: undefined }),
  ),
];

const documentOf = (routes: readonly AdminRoute[]): Document =>
  JSON.parse(JSON.stringify(openApiDocument(routes, PUBLIC_URL)));

async function assertValid(document: Document): Promise<void> {
  const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
  expect(errors ?? []).to.deep.equal([]);
  expect(valid).to.equal(true);
}

describe('the OpenAPI document', () => {
  const document = documentOf(EXAMPLES);
  const operation = (method: string, path: string): Operation => {
    const found = document.paths[`/tenants/{tenant}/${path}`]?.[method];
    return found ?? expect.fail(`there is no ${method} ${path}`);
  };
  const parameters = (method: string, path: string) =>
    Object.fromEntries((operation(method, path).parameters ?? []).map((one) => [one.name, one]));

  it('is OpenAPI 3.1', async () => {
    expect(document.openapi).to.equal('3.1.0');
    expect(document.servers).to.deep.equal([{ url: `${PUBLIC_URL}/admin/v1` }]);
    await assertValid(document);
  });

  it('says which permission each operation needs', () => {
    const list = operation('get', 'things');
    expect(list['x-permission']).to.equal('users:write');
    expect(list.description).to.contain('users:write');
  });

  it('says how a list is asked for', () => {
    const { pageSize, pageToken, filter, sort, deleted } = parameters('get', 'things');
    expect(pageSize?.schema).to.include({ minimum: 1, maximum: 1000, default: 50 });
    expect(pageToken?.in).to.equal('query');
    expect(filter?.description).to.contain('`name` (text): pr, eq');
    expect(sort?.schema).to.deep.include({ enum: ['id', '-id', 'name', '-name'], default: 'name' });
    expect(deleted?.required).not.to.equal(true);
    for (const one of [pageSize, pageToken, filter, sort]) expect(one?.required).not.to.equal(true);
  });

  it('says that a body may be left out where all its members may', () => {
    expect(operation('post', 'things').requestBody?.required).to.equal(true);
    expect(operation('post', 'things:import').requestBody?.required).to.equal(true);
    expect(operation('post', 'things:tidy').requestBody?.required).to.equal(false);
  });

  it('names a thing once, and shows it wherever it is answered', () => {
    expect(document.components.schemas).to.have.property('Thing');
    const list = operation('get', 'things').responses['200'];
    expect(JSON.stringify(list)).to.contain('#/components/schemas/Thing').and.to.contain('nextPageToken');
  });

  it('asks for If-Match before a change, and takes an idempotency key where it means something', () => {
    expect(parameters('patch', 'things/{thingId}')['If-Match']).to.include({ in: 'header', required: true });
    expect(parameters('post', 'things')['Idempotency-Key']).to.include({ in: 'header', required: false });
    expect(parameters('post', 'things:import')).not.to.have.property('Idempotency-Key');
    expect(parameters('get', 'things')).not.to.have.property('If-Match');
  });

  it('names bodies by their types, streams too', () => {
    expect(operation('patch', 'things/{thingId}').requestBody?.content).to.have.keys(
      'application/json',
      'application/merge-patch+json',
    );
    const { requestBody, responses } = operation('post', 'things:import');
    expect(requestBody?.content).to.have.keys('text/csv');
    expect(responses['200']?.content).to.have.keys('application/x-ndjson');
  });

  it('tells how each request may be refused', () => {
    const { responses } = operation('patch', 'things/{thingId}');
    expect(responses).to.include.all.keys('400', '401', '403', '404', '409', '412', '413', '415', '428', '429', '503');
    expect(responses['412']?.content).to.have.keys('application/problem+json');
    expect(operation('get', 'things').responses).not.to.have.any.keys('412', '428', '413');
  });
});

describe('the OpenAPI document of the whole API', () => {
  let routes: readonly AdminRoute[];
  let document: Document;

  before(async () => {
    routes = await declaredRoutes();
    document = documentOf(routes);
  });

  it('is valid', () => assertValid(document));

  it('has every route, and nothing else', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${operationId}: ${method.toUpperCase()} ${path}`),
    );
    expect(described).to.have.members(routes.map(({ id, method, path }) => `${id}: ${method} ${path}`));
    expect(new Set(routes.map(({ id }) => id))).to.have.property('size', routes.length);
  });

  it('has a parameter for each name in a path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { operationId, parameters = [] } of Object.values(methods)) {
        const declared = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
        expect(declared, operationId).to.have.members(names);
      }
    }
  });

  it('has patterns that JSON Schema reads: no flags, and each compiles', () => {
    const patterns = valuesOf('pattern').filter((value) => typeof value === 'string');
    expect(patterns.length).to.be.greaterThan(10);
    for (const pattern of patterns) {
      expect(pattern).not.to.match(/\/[a-z]*$/);
      expect(() => new RegExp(pattern, 'u'), pattern).not.to.throw();
    }
  });

  it('names every body and every answer of JSON', () => {
    const unnamed = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .filter(({ requestBody, responses }) => {
        const given = Object.entries(responses).flatMap(([status, { content }]) => (status < '300' ? [content] : []));
        const schemas = [requestBody?.content, ...given].map((content) => content?.['application/json']);
        return schemas.some((one) => one && !/"\$ref":"#.components.schemas/.test(JSON.stringify(one)));
      });
    expect(unnamed.map(({ operationId }) => operationId)).to.deep.equal([]);
  });

  it('has its headings in the order in which a tenant is set up', () => {
    const expected = [
      'Tenants',
      'Settings',
      'Directories',
      'Users',
      'Groups',
      'Roles',
      'Clients',
      'Sessions',
      'API keys',
    ];
    expect(document.tags.map(({ name }) => name)).to.deep.equal([
      ...[...expected, 'Webhooks', 'Deliveries', 'Audit', 'Keys', 'Explain'],
    ]);
  });

  it('has examples that would be accepted', () => {
    for (const { id, body, lists, path, method } of routes) {
      const examples = body?.meta()?.examples;
      for (const example of Array.isArray(examples) ? examples : [])
        expect(body?.safeParse(example).success, id).to.equal(true);
      if (!lists) continue;
      const operation = document.paths[path]?.[method.toLowerCase()];
      const { schema } = operation?.parameters?.find(({ name }) => name === 'filter') ?? {};
      const [filter] = Array.isArray(schema?.examples) ? schema.examples : [];
      expect(() => parseFilter(String(filter), lists), `${id}: ${String(filter)}`).not.to.throw();
    }
  });

  function valuesOf(member: string): unknown[] {
    const found: unknown[] = [];
    JSON.stringify(document, (name, value: unknown) => {
      if (name === member) found.push(value);
      return value;
    });
    return found;
  }
});
