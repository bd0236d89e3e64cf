import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import { parse } from 'yaml';
import { z } from 'zod';

import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { freePort } from '../support/ports.ts';
import { startProcess } from '../support/processes.ts';
import type { TestProcess } from '../support/processes.ts';
import { serveProvider } from '../support/served-provider.ts';
import type { ServedProvider } from '../support/served-provider.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const SECRET = 'a client secret for nothing but tests';

const registrations = z.object({
  tenants: z.object({
    acme: z.object({
      resources: z.record(z.string(), z.unknown()),
      clients: z.object({
        payments: z.looseObject({ client_secretFile: z.string(), redirect_uris: z.array(z.string()) }),
      }),
    }),
  }),
});

function codeIn(guide: string, language: string): string {
  return [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, its]) => its === language)
    .map(([, , code]) => code)
    .join('\n');
}

describeOnEveryDatabase('docs/step-up.md', ({ db }) => {
  let folder: string;
  let provider: ServedProvider;
  let app: TestProcess;
  let url: string;
  let agent: UserAgent;

  before(async () => {
    const guide = await readFile(path.join(project, 'docs/step-up.md'), 'utf8');
    const { resources, clients } = registrations.parse(parse(codeIn(guide, 'yaml'))).tenants.acme;
    const { client_secretFile: _, ...metadata } = clients.payments;
    const port = await freePort();
    url = `http://localhost:${port}`;
    const redirect_uris = metadata.redirect_uris.map((uri) => uri.replace('https://payments.example.com', url));
    provider = await serveProvider({
      db: db(),
      store: createMemoryStore(),
      clients: { payments: { secret: SECRET, metadata: { ...metadata, redirect_uris } } },
      tenantSettings: { resources },
    });

    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-guide-'));
    await symlink(path.join(project, 'node_modules'), path.join(folder, 'node_modules'));
    await writeFile(path.join(folder, 'app.mjs'), codeIn(guide, 'js'));
    app = await startProcess(process.execPath, [path.join(folder, 'app.mjs')], {
      env: { ISSUER: provider.issuer, CLIENT_ID: 'payments', CLIENT_SECRET: SECRET, APP_URL: url, PORT: `${port}` },
      ready: /The app is at/,
    });
  });
  after(async () => {
    await app.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    agent = createUserAgent();
  });

  /** How the next sign-in goes: the level, and how many seconds ago its first factor was proven. */
  function nextIs(acr: string, age = 0): void {
    const at = Math.floor(Date.now() / 1000) - age;
    provider.next = { accountId: provider.next.accountId, acr, ts: at };
  }

  async function signIn(acr: string, age = 0): Promise<Page> {
    nextIs(acr, age);
    return agent.click(await agent.get(url), 'Sign in');
  }

  it('pays without a further page where the sign-in was strong and fresh', async () => {
    for (const acr of ['mfa', 'phr']) {
      agent = createUserAgent();
      expect((await agent.fillAndSubmit(await signIn(acr))).body).to.equal(`Paid, with acr ${acr}`);
    }
  });

  it('asks for the second factor that the API misses, then pays', async () => {
    const page = await signIn('sfa');
    expect(textOf(page)).to.contain('You are signed in.');
    nextIs('mfa');
    const paid = await agent.fillAndSubmit(page);
    expect(paid.body).to.equal('Paid, with acr mfa');
    expect(paid.trail.some(({ url: { searchParams } }) => searchParams.get('acr_values') === 'mfa')).to.equal(true);
    expect((await agent.fillAndSubmit(await agent.get(url))).body).to.equal('Paid, with acr mfa');
  });

  it('asks for a fresh sign-in, then pays', async () => {
    const page = await signIn('mfa', 601);
    nextIs('mfa');
    const paid = await agent.fillAndSubmit(page);
    expect(paid.body).to.equal('Paid, with acr mfa');
    expect(paid.trail.some(({ url: { searchParams } }) => searchParams.get('max_age') === '600')).to.equal(true);
  });

  it('asks once, and then says that it was refused', async () => {
    const page = await signIn('sfa', 601);
    nextIs('mfa', 601);
    expect((await agent.fillAndSubmit(page)).body).to.equal('That did not work: The payment was refused: 401');
  });

  it('takes no token of somebody else’s making', async () => {
    for (const authorization of ['', 'Basic Zm9vOmJhcg==', 'Bearer made-up']) {
      const response = await fetch(`${url}/api/pay`, { method: 'POST', headers: { authorization } });
      expect(response.status, authorization).to.equal(401);
      expect(response.headers.get('www-authenticate')).to.match(/^Bearer/);
    }
  });
});
