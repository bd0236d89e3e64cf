import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, csrfOn, press } from '../support/second-factor-steps.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';

describe('a client for some people only', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let browser: UserAgent;
  let insider: Employee;
  let outsider: Employee;
  const apps: Record<string, App> = {};

  before(async () => {
    organisation = await createOrganisation('access');
    [insider, outsider] = await Promise.all([organisation.addPerson('insider'), organisation.addPerson('outsider')]);
    await organisation.addGroup('finance', [insider]);
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          roles: { accountant: { groups: ['finance'] } },
          clients: {
            open: registration(),
            'by-group': registration({ allow: { groups: ['finance'] } }),
            'by-role': registration({ allow: { roles: ['accountant'] } }),
          },
        },
      },
    });
    for (const clientId of ['open', 'by-group', 'by-role']) {
      apps[clientId] = await createApp(server.issuer('acme'), { clientId });
    }
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });

  async function door(clientId: string, wishes = {}) {
    return browser.get((await apps[clientId]?.begin(wishes))?.url ?? '');
  }

  for (const clientId of ['by-group', 'by-role']) {
    describe(clientId, () => {
      it('lets those in', async () => {
        const end = await givePassword(browser, await door(clientId), insider);
        expect(refusalIn(end)).to.equal('a code');
      });

      it('tells everybody else, and the client gets access_denied', async () => {
        const page = await givePassword(browser, await door(clientId), outsider);
        expect(page.status).to.equal(403);
        expect(doorOf(page)).to.equal('deny');
        expect(textOf(page)).to.contain('outsider');
        expect(refusalIn(await press(browser, page, 'deny'))).to.equal('access_denied');
      });

      it('tells somebody who is signed in already, and lets another one sign in', async () => {
        await givePassword(browser, await door('open'), outsider);
        const page = await door(clientId);
        expect(doorOf(page)).to.equal('deny');
        const again = await browser.get(below(page, 'start-over'), { from: page });
        expect(doorOf(again)).to.equal('password');
      });

      it('answers a silent request with access_denied', async () => {
        await givePassword(browser, await door('open'), outsider);
        expect(refusalIn(await door(clientId, { prompt: 'none' }))).to.equal('access_denied');
      });
    });
  }

  it('is left only where there is something to leave', async () => {
    const page = await door('by-group');
    const answer = await browser.post(below(page, 'deny'), { csrf: csrfOn(page) }, { from: page });
    expect(answer.location).to.equal(undefined);
    expect(doorOf(answer)).to.equal('password');
  });
});
