// Thousands of requests made of the admin API's own document, the same ones every time: whatever they hold, no answer is a fault of
// ours, and every answer is what the document says.

import { expect } from 'chai';
import { z } from 'zod';

import { apiClient, apiKeyOf } from '../support/admin-http.ts';
import { fill, idsOf, pathOf } from '../support/admin-things.ts';
import type { Ids, Listed } from '../support/admin-things.ts';
import { arbitrary } from '../support/arbitrary.ts';
import type { Arbitrary } from '../support/arbitrary.ts';
import { operationsOf } from '../support/openapi.ts';
import type { Document, Operation, Schema } from '../support/openapi.ts';
import { rawApi } from '../support/raw-api.ts';
import type { RawAnswer, RawApi, RawQuestion } from '../support/raw-api.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { seededRandom } from '../support/seeded-random.ts';

const SEED = 20_260_131;
const REQUESTS = 1500;
/** Makes keys that nothing needs, reaches out to where the request says, or ends what the others are about. */
const LEFT_OUT = ['createTenant', 'deleteTenant', 'createDirectory', 'testDirectory', 'testNewDirectory'];

describe('requests made of the document of the admin API', function () {
  this.timeout(90_000);
  let sallyport: Sallyport;
  let raw: RawApi;
  let document: Document;
  let idsNow: () => Promise<Ids>;
  let operations: readonly Operation[];

  before(async () => {
    sallyport = await startSallyport({ tenants: {} });
    const key = await apiKeyOf(sallyport, 'root');
    const api = apiClient(sallyport.publicUrl, key);
    expect(await api('/tenants', { json: { slug: 'acme', name: 'Acme' } })).to.include({ status: 201 });
    document = (await api('/openapi.json')).body as unknown as Document;
    operations = operationsOf(document).filter(({ id }) => !LEFT_OUT.includes(id));
    await fill(sallyport.publicUrl, 'acme', key);
    const read = async (at: string) => {
      const { status, body, text } = await api(at);
      expect(status, `${at}: ${text}`).to.equal(200);
      return body as unknown as Listed;
    };
    idsNow = () => idsOf(operations, read, 'acme');
    raw = await rawApi(sallyport.publicUrl, 'root', key);
  });
  after(async () => {
    raw.close();
    await sallyport.stop();
  });

  it('are answered as it says, and never by a fault', async () => {
    let ids = await idsNow();
    const some = arbitrary(seededRandom(SEED), document, () => Object.values(ids));
    const fits = createFits(document);
    const wrong: string[] = [];
    const answered = new Map<number, number>();
    for (let sent = 0; sent < REQUESTS; sent++) {
      // Much is deleted, and much is new.
      if (sent % 250 === 249) ids = await idsNow();
      const operation = some.oneOf(operations);
      const question = questionOf(operation, some, ids);
      const answer = await raw.send(question);
      answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1);
      const why = fits(operation, answer);
      if (why !== undefined) {
        const { method, at, body = '' } = question;
        wrong.push(`${operation.id} ${String(answer.status)}: ${why}; ${method} ${at} ${String(body).slice(0, 500)}`);
      }
    }
    if (wrong.length > 0)
      expect.fail(`${String(wrong.length)} of seed ${String(SEED)}:\n${wrong.slice(0, 40).join('\n')}`);
    // Else hardly anything would be behind the schemas.
    for (const status of [200, 201, 204, 400, 404, 409]) {
      expect(answered.get(status) ?? 0, `${String(status)} of ${JSON.stringify([...answered])}`).to.be.greaterThan(9);
    }
  });
});

function questionOf(operation: Operation, some: Arbitrary, ids: Ids): RawQuestion {
  const own = some.once(4)
    ? { ...ids, [some.oneOf(operation.params.length > 0 ? operation.params : ['none'])]: some.text() }
    : ids;
  const at = pathOf(
    operation,
    'acme',
    Object.fromEntries(Object.entries(own).map(([name, text]) => [name, text.toWellFormed()])),
  );
  const search = operation.query
    .filter(() => some.once(4))
    .map(({ name, schema }) => `${encodeURIComponent(name)}=${encodeURIComponent(asText(some.valueOf(schema, name)))}`);
  const { body } = operation;
  const query = search.length > 0 ? `?${search.join('&')}` : '';
  if (!body) return { method: operation.method, at: at + query };
  const value = some.valueOf(body.schema);
  return {
    method: operation.method,
    at: at + query,
    body: typeof value === 'string' && !body.type.endsWith('/json') ? value : JSON.stringify(value),
    headers: { 'content-type': body.type },
  };
}

function asText(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
}

/** What is wrong with an answer; undefined where nothing is. */
function createFits(document: Document): (operation: Operation, answer: RawAnswer) => string | undefined {
  const made = new Map<Schema, z.ZodType>();
  const components = JSON.stringify(document.components?.schemas ?? {});
  const checked = (schema: Schema): z.ZodType => {
    const known = made.get(schema);
    if (known) return known;
    const whole = `{"$defs":${components},"allOf":[${JSON.stringify(schema)}]}`;
    const fresh = z.fromJSONSchema(JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')));
    made.set(schema, fresh);
    return fresh;
  };

  return ({ answers }, { status, type, text }) => {
    if (status >= 500) return text;
    const isProblem = status >= 400;
    if (isProblem && type !== 'application/problem+json') return `is ${type}`;
    if (!isProblem && !(String(status) in answers)) return 'is no status that is declared';
    const schema = isProblem ? document.components?.schemas?.Problem : answers[String(status)];
    if (!schema) return undefined;
    const result = checked(schema).safeParse(JSON.parse(text));
    return result.success
      ? undefined
      : `${z.prettifyError(result.error).replaceAll('\n', ' ')} in ${text.slice(0, 300)}`;
  };
}
