// What the admin API answers, held against what its OpenAPI document says of it, for everything that can be read.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';

import { apiClient, apiKeyOf } from '../support/admin-http.ts';
import type { ApiAnswer, ApiClient } from '../support/admin-http.ts';
import { fill, idsOf, pathOf } from '../support/admin-things.ts';
import type { Ids, Listed } from '../support/admin-things.ts';
import { operationsOf } from '../support/openapi.ts';
import type { Document, Operation } from '../support/openapi.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

interface Described {
  headers?: Record<string, unknown>;
  content?: Record<string, unknown>;
}

interface Answers {
  operationId: string;
  responses: Record<string, Described>;
}

/** Of what `fill` makes nothing of: each needs a directory, a sign-in, or something that is sent. */
const NOTHING_TO_READ = [
  ...['getDirectory', 'listDirectoryGroups', 'getDirectoryGroup', 'listDirectoryGroupMembers', 'getSession'],
  ...['listDirectoryGroupEntries', 'getDirectoryGroupRoles', 'getDelivery', 'getImport'],
  ...['getUserFactor', 'getUserConsent'],
];

describe('the document of the admin API', function () {
  this.timeout(60_000);
  let sallyport: Sallyport;
  let api: ApiClient;
  let operations: readonly Operation[];
  let ids: Ids;
  let described: Map<string, Record<string, Described>>;
  let ajv: Ajv2020;

  before(async () => {
    sallyport = await startSallyport({ tenants: { acme: { name: 'Acme' } } });
    const key = await apiKeyOf(sallyport, 'acme');
    api = apiClient(sallyport.publicUrl, key);
    const document = (await api('/openapi.json')).body as unknown as Document;
    const answers = Object.values(document.paths).flatMap((methods) => Object.values(methods)) as unknown as Answers[];
    described = new Map(answers.map(({ operationId, responses }) => [operationId, responses]));
    // Formats are the schemas' own to check; what is not JSON Schema is OpenAPI's.
    ajv = new Ajv2020({ strict: false, validateFormats: false, schemas: [{ $id: 'document', ...document }] });
    operations = operationsOf(document);
    await fill(sallyport.publicUrl, 'acme', key);
    ids = await idsOf(operations, async (at) => (await api(at)).body as unknown as Listed, 'acme');
    ids.userId = ids.memberId ?? expect.fail('nobody is a member');
  });
  after(() => sallyport.stop());

  function expectAsDescribed(id: string, { status, headers, body }: ApiAnswer): void {
    const answer = described.get(id)?.[String(status)] ?? expect.fail(`${id} answers ${String(status)}`);
    expect(Object.keys(answer.content ?? {}), id).to.include(headers.get('Content-Type')?.split(';')[0]);
    expect(headers.has('ETag'), `ETag of ${id}`).to.equal('ETag' in (answer.headers ?? {}));
    const schema = schemaOf(answer);
    expect(ajv.validate(schema, body), `${id}: ${ajv.errorsText()}`).to.equal(true);
  }

  /** References are to the document. */
  function schemaOf({ content = {} }: Described): object {
    const [media] = Object.values(content) as { schema: object }[];
    return JSON.parse(JSON.stringify(media?.schema).replaceAll('"#/', '"document#/'));
  }

  it('says what every GET answers, and has no property that it does not name', async () => {
    const readable = operations.filter(
      ({ id, method, params }) => method === 'GET' && params.includes('tenant') && !id.startsWith('export'),
    );
    const missing: string[] = [];
    for (const operation of readable) {
      const answer = await api(pathOf(operation, 'acme', ids));
      if (answer.status === 404) missing.push(operation.id);
      else {
        expect(answer.status, operation.id).to.equal(200);
        expectAsDescribed(operation.id, answer);
      }
    }
    expect(readable.length).to.be.greaterThan(50);
    expect(missing).to.have.members(NOTHING_TO_READ);
    const user = schemaOf(described.get('getUser')?.['200'] ?? expect.fail());
    const { body } = await api(`/tenants/acme/users/${ids.userId ?? ''}`);
    expect(ajv.validate(user, { ...body, shoeSize: 42 })).to.equal(false);
  });

  it('says what is answered once, with a secret', async () => {
    const post = (path: string, json: object) => api(`/tenants/acme${path}`, { json });
    const key = await post('/api-keys', { name: 'k', permissions: ['users:read'] });
    expectAsDescribed('createApiKey', key);
    expectAsDescribed('rotateApiKey', await post(`/api-keys/${String(key.body.id)}:rotate`, { overlap: 60 }));
    for (const algorithm of ['hmac-sha256', 'ed25519']) {
      const webhook = await post('/webhooks', { url: 'https://hooks.example/', events: ['*'], algorithm });
      expectAsDescribed('createWebhook', webhook);
      expectAsDescribed('rotateWebhook', await post(`/webhooks/${String(webhook.body.id)}:rotate`, {}));
    }
    expectAsDescribed('createClient', await post('/clients', { redirect_uris: ['https://a.example/'] }));
    const client = await post('/clients', { client_id: 'one', redirect_uris: ['https://one.example/'] });
    expect(client.status).to.equal(201);
    expectAsDescribed('createClientSecret', await post('/clients/one/secrets', { overlap: 60 }));
    expectAsDescribed(
      'sendPasswordLink',
      await post(`/users/${ids.userId ?? ''}:sendPasswordLink`, { deliver: 'show' }),
    );
    expectAsDescribed('explain', await post('/explain', { login: 'gerda@local' }));
  });

  it('says how something is refused', async () => {
    expectAsDescribedProblem('getUser', await api('/tenants/acme/users/nobody'), 'There is no such user.');
    expectAsDescribedProblem('getApiKey', await api('/tenants/acme/api-keys/nobody'), 'There is no such API key.');
  });

  function expectAsDescribedProblem(id: string, answer: ApiAnswer, detail: string): void {
    const schema = schemaOf(described.get(id)?.[String(answer.status)] ?? expect.fail(id));
    expect(ajv.validate(schema, answer.body), ajv.errorsText()).to.equal(true);
    expect(answer.body).to.include({ detail });
  }
});
