// A process that is killed under load, beside another that goes on: what it had confirmed stands, what it was about to do was
// either done once or not at all, and people go on at the other one.

import { expect } from 'chai';

import { createUserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/http-exchange.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Organisation } from '../support/organisation.ts';
import { createApp, refusalIn, refusalOf, registration } from '../support/relying-party.ts';
import type { App, SignedIn, Tokens } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { signIn } from '../support/sign-in.ts';

const WORKERS = 6;

/** Somebody with an app, who does one thing after the other. */
interface Worker {
  signedIn: SignedIn;
  /** As the last answer that arrived gave them. */
  tokens: Tokens;
  /** A refresh whose answer never arrived may have been done, and its token used up. */
  unanswered: boolean;
  done: number;
}

describe('a process that is killed under load', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let home: App;
  let doomed: App;
  let over = false;

  before(async () => {
    organisation = await createOrganisation('killed');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          directories: { people: organisation.directory },
          clients: { orders: registration() },
        },
      },
      processes: 2,
    });
    const issuer = server.issuer('acme');
    home = await createApp(issuer);
    // Its back channel goes to the second process.
    const second = server.urls[1] ?? '';
    doomed = await createApp(issuer, {
      async fetch(url, { method, headers, body }) {
        const form = body instanceof URLSearchParams ? body.toString() : '';
        const answer = await exchange(new URL(url), second, { method, headers }, form);
        return new Response(answer.body, answer);
      },
    });
  });
  after(() => server.stop());

  async function newWorker(_: unknown, number: number): Promise<Worker> {
    const person = await organisation.addPerson(`worker${number}`);
    const signedIn = await home.signIn(person);
    return { signedIn, tokens: signedIn.tokens, unanswered: false, done: 0 };
  }

  /** Refreshes and silent sign-ons at the second process, until that is gone. */
  async function work(worker: Worker): Promise<void> {
    const browser = createUserAgent({ cookies: worker.signedIn.browser.cookies, ...server.through(1) });
    while (!over) {
      const tokens = await doomed.refresh(worker.tokens).catch(() => undefined);
      worker.unanswered = tokens === undefined;
      if (!tokens) return;
      worker.tokens = tokens;
      const page = await browser.get((await doomed.begin({ prompt: 'none' })).url).catch(() => undefined);
      if (!page) return;
      expect(refusalIn(page)).to.equal('a code');
      worker.done += 1;
    }
  }

  /** `good`, or the error code with which the token is refused. */
  async function tryRefresh(tokens: Tokens): Promise<string> {
    const refreshed = home.refresh(tokens);
    try {
      await refreshed;
      return 'good';
    } catch {
      return refusalOf(refreshed);
    }
  }

  it('takes nothing with it that was confirmed, and lets people go on elsewhere', async () => {
    const workers = await Promise.all(Array.from({ length: WORKERS }, newWorker));
    const late = await organisation.addPerson('late');
    const lateBrowser = createUserAgent(server.through(1));
    const request = await home.begin();
    const page = await lateBrowser.get(request.url);

    const load = Promise.all(workers.map(work));
    await eventually('some load', () => workers.every(({ done }) => done > 2));
    server.processes[1]?.signal('SIGKILL');
    await load;
    over = true;

    for (const { signedIn, tokens, unanswered } of workers) {
      // A token that was never used is good; one whose use was not answered for is good, or was used up: never both.
      expect(await tryRefresh(tokens)).to.be.oneOf(unanswered ? ['good', 'invalid_grant'] : ['good']);
      expect(refusalIn(await signedIn.browser.get((await home.begin({ prompt: 'none' })).url))).to.equal('a code');
    }
    // Half-way in at the one, and through at the other.
    const elsewhere = createUserAgent({ cookies: lateBrowser.cookies });
    expect((await home.finish(request, await signIn(elsewhere, page, late))).access_token).to.be.a('string');
  });
});
