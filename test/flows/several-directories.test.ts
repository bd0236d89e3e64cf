// A tenant with two directories, of which one falls silent: that one's own people wait for it, and nobody else.

import { expect } from 'chai';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { startRelay } from '../support/relay.ts';
import type { Relay } from '../support/relay.ts';
import { createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { givePassword, problemOn } from '../support/sign-in.ts';
import { testSlapd } from '../support/slapd.ts';

/** Milliseconds that a directory is waited for; less than that is no waiting. */
const PATIENCE = 2_000;
/** The longest answer that is promised, and some for a machine that is busy. */
const PROMISED = 5_000 + 1_500;

describe('a tenant with two directories', () => {
  let server: Sallyport;
  let relay: Relay;
  let app: App;
  /** In the directory that answers, and in the one that does not. */
  let nora: Employee;
  let sam: Employee;

  before(async () => {
    relay = await startRelay(Number(new URL((await testSlapd()).url).port));
    const patience = { connectTimeoutMs: PATIENCE, operationTimeoutMs: PATIENCE };
    const north = await createOrganisation('north', { realm: 'north.test', ...patience });
    const south = await createOrganisation('south', {
      realm: 'south.test',
      urls: [`ldap://127.0.0.1:${relay.port}`],
      ...patience,
    });
    [nora, sam] = [await north.addPerson('nora'), await south.addPerson('sam')];
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { north: north.directory, south: south.directory },
          clients: { orders: registration() },
        },
      },
    });
    app = await createApp(server.issuer('acme'));
    // So that both have connections, as in ordinary life.
    for (const person of [nora, sam]) expect(await enter(person)).to.deep.include({ outcome: 'in' });
  });
  after(() => server.stop());

  interface Answer {
    outcome: 'in' | 'wrong' | 'unavailable' | number;
    milliseconds: number;
    page: Page;
  }

  async function enter(person: Employee, username = person.username): Promise<Answer> {
    const browser = createUserAgent();
    const door = await browser.get((await app.begin()).url);
    const since = Date.now();
    const page = await givePassword(browser, door, { ...person, username });
    return { page, milliseconds: Date.now() - since, outcome: outcomeOf(page) };
  }

  function outcomeOf(page: Page): Answer['outcome'] {
    if (page.location) return refusalIn(page) === 'a code' ? 'in' : page.status;
    return page.status === 503 ? 'unavailable' : page.status === 401 ? 'wrong' : page.status;
  }

  describe('while one of them says nothing', () => {
    before(() => relay.silence());
    after(() => relay.pass());

    it('lets people of the other one in, at once by a name with its realm', async () => {
      for (const name of ['nora@north.test', 'NORTH\\nora', 'north.test\\nora']) {
        const { outcome, milliseconds } = await enter(nora, name);
        expect(outcome, name).to.equal('in');
        expect(milliseconds, name).to.be.lessThan(PATIENCE);
      }
    });

    it('lets them in by their bare name in time, and at once when it is known that one is silent', async () => {
      const first = await enter(nora);
      expect(first.outcome).to.equal('in');
      expect(first.milliseconds).to.be.lessThan(PROMISED);
      const later = await enter(nora);
      expect(later.outcome).to.equal('in');
      expect(later.milliseconds).to.be.lessThan(PATIENCE);
    });

    it('tells nobody that a name is wrong which the silent one may have', async () => {
      for (const name of ['sam', 'sam@south.test', 'SOUTH\\sam', 'somebody']) {
        const { outcome, milliseconds, page } = await enter(sam, name);
        expect(outcome, name).to.equal('unavailable');
        expect(problemOn(page), name).to.match(/Nothing is wrong with yours/);
        expect(milliseconds, name).to.be.lessThan(PROMISED);
      }
    });

    it('tells people of the other one what is wrong', async () => {
      expect(await enter({ ...nora, password: 'wrong' })).to.include({ outcome: 'wrong' });
      expect(await enter(sam, 'somebody@north.test')).to.include({ outcome: 'wrong' });
    });
  });

  describe('when it answers again', () => {
    it('lets its people in, and knows who nobody is', async () => {
      await eventually('its people to get in', async () => (await enter(sam)).outcome === 'in');
      expect(await enter(sam, 'somebody')).to.include({ outcome: 'wrong' });
    });
  });
});
