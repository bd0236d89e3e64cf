import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import type { ClientMetadata } from 'oidc-provider';
import { parse } from 'yaml';
import { z } from 'zod';

import { clientMetadata } from '../../src/clients/client-metadata.ts';
import { startBareProvider } from '../support/bare-provider.ts';
import type { BareProvider } from '../support/bare-provider.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { freePort } from '../support/ports.ts';
import { startProcess } from '../support/processes.ts';
import type { TestProcess } from '../support/processes.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const SECRET = 'a client secret for nothing but tests';

/** The registration in the guide, read as the configuration would read it. */
function registrationIn(guide: string) {
  const declared = z.object({
    tenants: z.object({ acme: z.object({ clients: z.object({ orders: z.looseObject({}) }) }) }),
  });
  const { client_secretFile: secretFile, ...metadata } = declared.parse(parse(codeIn(guide, 'yaml'))).tenants.acme
    .clients.orders;
  expect(secretFile).to.be.a('string');
  return clientMetadata.parse(metadata);
}

function codeIn(guide: string, language: string): string {
  return [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, its]) => its === language)
    .map(([, , code]) => code)
    .join('\n');
}

describe('docs/app-with-openid-client.md', () => {
  let folder: string;
  let provider: BareProvider;
  let app: TestProcess;
  let url: string;
  let agent: UserAgent;

  before(async () => {
    const guide = await readFile(path.join(project, 'docs/app-with-openid-client.md'), 'utf8');
    const port = await freePort();
    url = `http://localhost:${port}`;
    const { redirect_uris, post_logout_redirect_uris, grant_types } = registrationIn(guide);
    const here = (uris: string[]) => uris.map((uri) => uri.replace('https://orders.example.com', url));
    const client: ClientMetadata = {
      client_id: 'orders',
      client_secret: SECRET,
      redirect_uris: here(redirect_uris),
      post_logout_redirect_uris: here(post_logout_redirect_uris),
      grant_types,
    };
    provider = await startBareProvider([client]);

    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-guide-'));
    await symlink(path.join(project, 'node_modules'), path.join(folder, 'node_modules'));
    await writeFile(path.join(folder, 'app.mjs'), codeIn(guide, 'js'));
    app = await startProcess(process.execPath, [path.join(folder, 'app.mjs')], {
      env: { ISSUER: provider.issuer, CLIENT_ID: 'orders', CLIENT_SECRET: SECRET, APP_URL: url, PORT: `${port}` },
      ready: /The app is at/,
    });
  });
  after(async () => {
    await app.stop();
    await provider.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    agent = createUserAgent();
  });

  async function signIn(username = 'ann'): Promise<Page> {
    return agent.fillAndSubmit(await agent.click(await agent.get(url), 'Sign in'), { username });
  }

  it('signs in', async () => {
    const page = await signIn();
    expect(page.url.href).to.equal(`${url}/`);
    expect(textOf(page)).to.contain('ann Example, with acr sfa');
  });

  it('takes no answer that it did not ask for', async () => {
    const foreign = await agent.get(`${url}/callback?code=stolen&state=made-up`);
    expect(foreign.status).to.equal(400);
    expect(foreign.body).to.contain('Nobody began a sign-in');
  });

  it('says when the person declined', async () => {
    const door = await agent.click(await agent.get(url), 'Sign in');
    expect((await agent.click(door, 'Cancel')).body).to.equal('That did not work: access_denied');
  });

  it('gives the session a new id at sign-in', async () => {
    await agent.get(url);
    const planted = agent.cookies.find('app')?.value;
    await signIn();
    expect(agent.cookies.find('app')?.value).to.match(/^[\w-]{43}$/);
    expect(agent.cookies.find('app')?.value).not.to.equal(planted);
  });

  it('refreshes, again and again, until the session has ended elsewhere', async () => {
    let page = await signIn();
    page = await agent.click(page, 'refresh');
    page = await agent.click(page, 'refresh');
    expect(textOf(page)).to.contain('ann Example');
    await agent.fillAndSubmit(await agent.get(`${provider.issuer}/session/end`));
    expect(textOf(await agent.click(page, 'refresh'))).to.contain('You are not signed in.');
  });

  it('asks for a second factor, and does not go on without one', async () => {
    const door = await agent.click(await signIn(), 'stronger');
    const strong = await agent.fillAndSubmit(door, { username: 'ann', password: 'more' });
    expect(textOf(strong)).to.contain('with acr mfa');
    agent = createUserAgent();
    expect((await agent.click(await signIn('weak'), 'stronger')).body).to.contain('this one was sfa');
  });

  it('asks for a fresh sign-in, and takes no old one for it', async () => {
    const fresh = await agent.fillAndSubmit(await agent.click(await signIn(), 'fresh'), { username: 'ann' });
    expect(fresh.status).to.equal(200);
    agent = createUserAgent();
    const stale = await agent.fillAndSubmit(await agent.click(await signIn('stale'), 'fresh'), { username: 'stale' });
    expect(stale.status).to.equal(400);
  });

  it('signs out here and at the provider', async () => {
    const done = await agent.fillAndSubmit(await agent.click(await signIn(), 'sign-out'));
    expect(done.url.href).to.equal(`${url}/`);
    expect(textOf(done)).to.contain('You are not signed in.');
    expect(textOf(await agent.click(done, 'Sign in'), 'h1')).to.equal('Sign in');
  });
});
