// Users in bulk over HTTP: the report comes while the file is still being sent, and ends with a line that says how it went.

import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import { apiKeyOf } from '../support/admin-http.ts';
import { createApp, registration } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const IMPORT = '/tenants/acme/users:import';
/** Of "correct horse", by slappasswd. */
const SSHA = '{SSHA}Jyx8hHW7VpG2GNP+9U+C/glYFo/jcdtV';

describe('users in bulk over HTTP', () => {
  let server: Sallyport;
  let key: string;

  before(async () => {
    const policy = { secondFactors: { required: 'never' } };
    server = await startSallyport({ tenants: { acme: { name: 'Acme', policy, clients: { orders: registration() } } } });
    key = await apiKeyOf(server, 'acme');
  });
  after(() => server.stop());

  function begin(type: string) {
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': type };
    const sent = request(`${server.publicUrl}/admin/v1${IMPORT}`, { method: 'POST', headers });
    const answered = new Promise<string[]>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('error', reject).on('end', () => resolve(text.trim().split('\n')));
      });
    });
    return { sent, answered };
  }

  it('are imported with a hash from elsewhere, and sign in with its password', async () => {
    const { sent, answered } = begin('text/csv; charset=utf-8');
    sent.end(`userName,email,passwordHash\r\nann,ann@example.com,${SSHA}\r\n`);
    const [first, row, last] = (await answered).map((line): unknown => JSON.parse(line));
    expect(first).to.have.nested.include({ 'import.nextRow': 1 });
    expect(row).to.deep.include({ row: 1, outcome: 'created', userName: 'ann' });
    expect(last).to.have.nested.include({ 'summary.created': 1 });
    const app = await createApp(server.issuer('acme'));
    for (let time = 0; time < 2; time++) {
      const { claims } = await app.signIn(
        { username: 'ann', password: 'correct horse' },
        { wishes: { scope: 'openid email' } },
      );
      expect(claims.email).to.equal('ann@example.com');
    }
  });

  it('hear of a file that breaks off in the middle, and of one that is no CSV', async () => {
    const { sent, answered } = begin('text/csv');
    const rows = Array.from({ length: 250 }, (_, index) => `cut${String(index)}`).join('\n');
    sent.write(`userName\n${rows}\n`);
    await delay(300);
    sent.write(`"a quote that nobody closes ${'x'.repeat(100_000)}`);
    sent.end();
    const lines = await answered;
    expect(JSON.parse(lines.at(-1) ?? '')).to.have.nested.include({ 'error.code': 'unreadable', 'error.nextRow': 201 });
  });

  it('are exported as NDJSON and as CSV', async () => {
    const ask = async (query: string) => {
      const headers = { Authorization: `Bearer ${key}` };
      const answer = await fetch(`${server.publicUrl}/admin/v1/tenants/acme/users:export${query}`, { headers });
      return { type: answer.headers.get('Content-Type'), text: await answer.text() };
    };
    const csv = await ask('?format=csv');
    expect(csv.type).to.contain('text/csv');
    expect(csv.text).to.contain('\r\nann,active,').and.not.to.contain('$argon2');
    const ndjson = await ask('');
    expect(ndjson.type).to.contain('application/x-ndjson');
    expect(ndjson.text).to.contain('"userName":"ann"');
  });
});
