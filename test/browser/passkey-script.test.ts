// What the browser's script does with a passkey, on small pages of the same markup, with the authenticator that Chromium's
// DevTools have. The real pages are passkeys.test.ts's.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

import { createPasskey } from '../../src/second-factors/passkey.ts';
import type { Passkey } from '../../src/second-factors/passkey.ts';
import type { Enrolment } from '../../src/second-factors/second-factor.ts';
import { openPage, watch } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { addAuthenticator } from '../support/virtual-authenticator.ts';
import type { VirtualAuthenticator } from '../support/virtual-authenticator.ts';

const ASSETS = new URL('../../views/assets/', import.meta.url);
const CSP = "default-src 'none'; script-src 'self'; form-action 'self'";
const ann = { tenantId: 'acme', userId: uuidv7(), accountName: 'ann', displayName: 'Ann Lee' };

const PURPOSES = ['enrol', 'prove', 'sign-in'] as const;
type Purpose = (typeof PURPOSES)[number];

describe('the script for passkeys', () => {
  let server: Server;
  let origin: string;
  let passkey: Passkey;
  let owned: Enrolment[];
  /** What the last question was kept as, and what came back. */
  let kept: string;
  let posts: { outcome: string; form: URLSearchParams }[];
  let page: Page;
  let complaints: string[];

  before(async () => {
    server = createServer((request, response) => void answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on a port');
    origin = `http://localhost:${address.port}`;
    passkey = passkeyFor('localhost');
  });
  beforeEach(() => {
    [owned, kept, posts] = [[], '', []];
  });
  afterEach(() => page.context().close());
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  function passkeyFor(rpId: string): Passkey {
    return createPasskey({ rpId, rpName: 'Acme', origin, attestation: 'none', denyAaguids: [] });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', origin);
    response.setHeader('Content-Security-Policy', CSP);
    if (pathname.endsWith('.js')) {
      response.setHeader('Content-Type', 'text/javascript');
      response.end(await readFile(new URL(pathname.slice(1), ASSETS)));
      return;
    }
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    if (pathname === '/favicon.ico') return void response.end();
    const purpose = purposeOf(pathname);
    if (request.method === 'POST') {
      const form = new URLSearchParams(await text(request));
      const outcome = await judge(purpose, form.get('credential') ?? '');
      posts.push({ outcome, form });
      response.end(`<title>Done</title><h1>${outcome}</h1>`);
      return;
    }
    kept = await ask(purpose, passkeyFor(searchParams.get('rp') ?? 'localhost'));
    response.end(pageOf(purpose, kept, searchParams.get('unknown')));
  }

  async function ask(purpose: Purpose, factor: Passkey): Promise<string> {
    const asked = await (purpose === 'enrol'
      ? factor.beginEnrolment(ann, owned)
      : factor.ask(ann, purpose === 'prove' ? owned : []));
    if (!asked.ok) throw new Error(asked.reason);
    return asked.value.kept;
  }

  async function judge(purpose: Purpose, credential: string): Promise<string> {
    if (purpose !== 'enrol') {
      const outcome = await passkey.verify(ann, owned, kept, credential);
      return outcome.ok ? 'proven' : outcome.reason;
    }
    const outcome = await passkey.finishEnrolment(ann, kept, credential, new Date());
    if (!outcome.ok) return outcome.reason;
    const { secret, counter = 0 } = outcome.value.enrolment;
    const times = { createdAt: new Date(), lastUsedAt: undefined };
    owned.push({ id: uuidv7(), factor: 'passkey', name: 'Phone', secret, counter, ...times });
    return 'enrolled';
  }

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    page = await openPage(options);
    complaints = watch(page);
    return page;
  }

  async function openWithAuthenticator(): Promise<VirtualAuthenticator> {
    return addAuthenticator(await open());
  }

  /** What was asked of the browser, once it is so much at least. */
  async function requests(atLeast: number): Promise<unknown> {
    return eventually('requests', async () => {
      const made = z.array(z.string()).parse(await page.evaluate('window.requests'));
      return made.length >= atLeast && made;
    });
  }

  const visit = (path: string) => page.goto(`${origin}/${path}`);
  const button = () => page.getByRole('button', { name: 'Use a passkey' });
  const status = () => page.getByRole('status');
  const press = async () => {
    await button().click();
    await page.getByRole('heading', { name: /^(enrolled|proven|wrong)$/ }).waitFor();
  };
  const outcomes = () => posts.map(({ outcome }) => outcome);

  async function enrol(): Promise<void> {
    await visit('enrol');
    await press();
  }

  it('makes a passkey, and posts it with the rest of the form', async () => {
    const authenticator = await openWithAuthenticator();
    await visit('enrol');
    await page.getByLabel('Name').fill('My phone');
    await press();
    expect(outcomes()).to.deep.equal(['enrolled']);
    expect(posts[0]?.form.get('name')).to.equal('My phone');
    const [credential] = await authenticator.credentials();
    expect(credential).to.include({ isResidentCredential: true, rpId: 'localhost' });
    expect(complaints).to.deep.equal([]);
  });

  it('proves one', async () => {
    await openWithAuthenticator();
    await enrol();
    await visit('prove');
    await press();
    expect(outcomes()).to.deep.equal(['enrolled', 'proven']);
    expect(complaints).to.deep.equal([]);
  });

  it('signs in by the keyboard alone', async () => {
    await openWithAuthenticator();
    await enrol();
    await page.addInitScript('delete PublicKeyCredential.isConditionalMediationAvailable');
    await visit('sign-in');
    await button().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'proven' }).waitFor();
  });

  it('signs in from the list of the user name, which is offered as the page opens', async () => {
    await openWithAuthenticator();
    await enrol();
    await visit('sign-in');
    await page.getByRole('heading', { name: 'proven' }).waitFor();
    expect(outcomes()).to.deep.equal(['enrolled', 'proven']);
  });

  it('takes the list back before the button asks', async () => {
    const authenticator = await openWithAuthenticator();
    await enrol();
    await authenticator.setPresent(false);
    await page.addInitScript(RECORD_REQUESTS);
    await visit('sign-in');
    await requests(1);
    await button().click();
    expect(await requests(3)).to.deep.equal(['conditional', 'conditional is aborted', 'modal']);
  });

  it('offers the list again when nothing came of the button', async () => {
    await openWithAuthenticator();
    await page.addInitScript(RECORD_REQUESTS);
    await visit('sign-in');
    await button().click();
    await status().filter({ hasText: 'Cancelled' }).waitFor();
    expect(await requests(3)).to.deep.equal(['conditional', 'modal', 'conditional']);
    expect(posts).to.deep.equal([]);
  });

  describe('says', () => {
    it('that nothing came of it, and leaves the focus where it was', async () => {
      await openWithAuthenticator();
      await visit('prove');
      await button().click();
      await status().filter({ hasText: 'Cancelled' }).waitFor();
      expect(await page.evaluate('document.activeElement.type')).to.equal('submit');
      expect(posts).to.deep.equal([]);
    });

    it('that there is one on this device already', async () => {
      await openWithAuthenticator();
      await enrol();
      await visit('enrol');
      await button().click();
      await status().filter({ hasText: 'Owned' }).waitFor();
    });

    it('that the browser refuses, as on a site that is not the passkeys’', async () => {
      await openWithAuthenticator();
      await visit('prove?rp=example.com');
      await button().click();
      await status().filter({ hasText: 'Failed' }).waitFor();
    });

    it('that nothing came of it where the person is not recognised', async () => {
      const authenticator = await openWithAuthenticator();
      await enrol();
      await authenticator.setUserVerified(false);
      await visit('prove');
      await button().click();
      await status().filter({ hasText: 'Cancelled' }).waitFor();
    });

    it('that the browser is asking, and asks once however often the button is pressed', async () => {
      const authenticator = await openWithAuthenticator();
      await page.addInitScript(RECORD_REQUESTS);
      await enrol();
      await authenticator.setPresent(false);
      await visit('prove');
      await button().click();
      await status().filter({ hasText: 'Waiting' }).waitFor();
      await button().click();
      expect(await requests(1)).to.deep.equal(['modal']);
    });

    it('nothing of passkeys in a browser that has none, where they are not the step', async () => {
      await open();
      await page.addInitScript('delete window.PublicKeyCredential');
      await visit('sign-in');
      expect(await button().isVisible()).to.equal(false);
      await visit('prove');
      expect(await button().isVisible()).to.equal(false);
      expect(await page.getByText('Unsupported').isVisible()).to.equal(true);
    });

    it('nothing without JavaScript, and the page does', async () => {
      await open({ javaScriptEnabled: false });
      await visit('prove');
      expect(await button().isVisible()).to.equal(false);
      expect(await page.getByText('Unsupported').isVisible()).to.equal(true);
    });
  });

  it('says nothing of the list, neither where there is none nor where it fails', async () => {
    await openWithAuthenticator();
    await page.addInitScript('delete PublicKeyCredential.isConditionalMediationAvailable');
    await page.addInitScript(RECORD_REQUESTS);
    await visit('sign-in');
    expect(await button().isVisible()).to.equal(true);
    expect(await requests(0)).to.deep.equal([]);
    await visit('sign-in?rp=example.com');
    expect(await status().textContent()).to.equal('');
    expect(complaints).to.deep.equal([]);
  });

  it('tells the browser of a passkey that nobody here has', async () => {
    const authenticator = await openWithAuthenticator();
    await enrol();
    const [credential] = await authenticator.credentials();
    const id = Buffer.from(credential?.credentialId ?? '', 'base64').toString('base64url');
    await visit(`prove?unknown=${id}`);
    await eventually('it forgets it', async () => (await authenticator.credentials()).length === 0);
  });

  it('asks again when the back button leads to the page', async () => {
    await openWithAuthenticator();
    await enrol();
    await visit('prove');
    await press();
    await page.goBack();
    // As it is where a browser keeps the whole page, with the answer that was sent; this one does not, under test.
    await page.evaluate(
      `document.querySelector('[name=credential]').value = 'used'; dispatchEvent(new Event('pageshow'))`,
    );
    await press();
    expect(outcomes()).to.deep.equal(['enrolled', 'proven', 'proven']);
  });
});

/** What the page asks of the browser, and what of that is taken back. */
const RECORD_REQUESTS = `
  window.requests = [];
  const get = CredentialsContainer.prototype.get;
  CredentialsContainer.prototype.get = function (options) {
    const kind = options.mediation ?? 'modal';
    window.requests.push(kind);
    options.signal.addEventListener('abort', () => window.requests.push(kind + ' is aborted'));
    return get.call(this, options);
  };`;

/** As views/parts/passkey-form.eta has it, with words of its own. */
function pageOf(purpose: Purpose, options: string, unknown: string | null): string {
  const signal = unknown === null ? '' : ` data-unknown="${escaped(unknown)}"`;
  const unsupported = purpose === 'sign-in' ? '' : '<p data-passkey-unsupported>Unsupported</p>';
  return `<!doctype html>
    <html lang="en">
    <title>Passkeys</title>
    <script src="/app.js" defer></script>
    <script src="/passkey.js" defer></script>
    <form method="post" data-passkey="${purpose}" data-options="${escaped(options)}"${signal}>
      <input type="hidden" name="credential">
      ${purpose === 'enrol' ? '<label>Name <input name="name" required value="Phone"></label>' : ''}
      <button type="submit" hidden>Use a passkey</button>
      <p role="status" data-passkey-status
        data-waiting="Waiting" data-cancelled="Cancelled" data-failed="Failed" data-owned="Owned"></p>
      ${unsupported}
    </form>
    <form method="post"><label>User <input autocomplete="username webauthn"></label></form>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}

function purposeOf(pathname: string): Purpose {
  const purpose = PURPOSES.find((each) => pathname === `/${each}`);
  if (!purpose) throw new Error(`there is no page ${pathname}`);
  return purpose;
}
