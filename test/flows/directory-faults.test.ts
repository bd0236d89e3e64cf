// A directory in trouble while people sign in: they get in by another of its servers, or are told in time; nobody's password
// turns wrong, no attempt counts, and everything is as before when the trouble is over.

import { expect } from 'chai';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { startRelay } from '../support/relay.ts';
import type { Relay } from '../support/relay.ts';
import { createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';

/** Milliseconds: the longest answer that is promised, and some for a machine that is busy. */
const PROMISED = 5_000 + 1_500;
const PEOPLE = 8;

describe('a directory in trouble', () => {
  let server: Sallyport;
  let slapd: TestSlapd;
  let other: TestSlapd;
  let relays: [Relay, Relay];
  let everybody: Employee[];
  let somebody: Employee;
  let app: App;
  let elsewhere: App;
  let neighbour: Employee;

  before(async () => {
    [slapd, other] = await Promise.all([startSlapd(), startSlapd()]);
    const port = Number(new URL(slapd.url).port);
    relays = [await startRelay(port), await startRelay(port)];
    // Servers that hold the same data: one server, by two ways.
    const urls = relays.map((relay) => `ldap://127.0.0.1:${relay.port}`);
    const organisation = await createOrganisation('directoryfaults', { urls }, slapd);
    const neighbours: Organisation = await createOrganisation('directoryneighbours', {}, other);
    neighbour = await neighbours.addPerson('neighbour');
    somebody = await organisation.addPerson('somebody');
    everybody = [somebody];
    for (let number = 1; number < PEOPLE; number++) everybody.push(await organisation.addPerson(`person${number}`));
    const tenant = (directory: object) => ({
      name: 'Acme',
      policy: { secondFactors: { required: 'never' } },
      directories: { people: directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({
      tenants: { acme: tenant(organisation.directory), globex: tenant(neighbours.directory) },
    });
    app = await createApp(server.issuer('acme'));
    elsewhere = await createApp(server.issuer('globex'));
  });
  after(() => server.stop());
  afterEach(async () => {
    await eventually('everybody gets in again', async () => {
      const pages = await Promise.all(everybody.map((person) => enter(app, person)));
      return pages.every((page) => page.status !== 503);
    });
  });

  /** A sign-in up to its last page, in a browser of its own, each answer in time. */
  async function enter(at: App, person: Employee): Promise<Page> {
    const browser = createUserAgent();
    const door = await browser.get((await at.begin()).url);
    const since = Date.now();
    const page = await givePassword(browser, door, person);
    expect(Date.now() - since, 'the answer to a password').to.be.lessThan(PROMISED);
    return page;
  }

  const enterAll = () => Promise.all(everybody.map((person) => enter(app, person)));
  const isIn = (page: Page) => page.location !== undefined && refusalIn(page) === 'a code';
  /** On the form; or on a page of its own, where the password was right and the directory went away after it. */
  const isTold = (page: Page) => page.status === 503 && (doorOf(page) === 'password' || /Try again/.test(page.body));

  it('lets everybody in while one of its servers is away, and takes it back', async () => {
    await relays[0].stop();
    try {
      expect((await enterAll()).map(isIn)).to.not.include(false);
    } finally {
      await relays[0].start();
    }
    await relays[1].stop();
    try {
      await eventually('the first server is asked again', async () => isIn(await enter(app, somebody)));
      expect((await enterAll()).map(isIn)).to.not.include(false);
    } finally {
      await relays[1].start();
    }
  });

  for (const [what, begins] of [
    ['accepts and says nothing', (relay: Relay) => relay.silence()],
    ['answers a byte a second', (relay: Relay) => relay.trickle()],
  ] as const) {
    it(`lets people in while one of its servers ${what}, after the first ones have found out`, async () => {
      begins(relays[0]);
      try {
        for (const page of await enterAll()) expect(isIn(page) || isTold(page)).to.equal(true);
        expect((await enterAll()).map(isIn)).to.not.include(false);
      } finally {
        relays[0].pass();
      }
    });

    it(`tells people in time where each of its servers ${what}, and other directories do not feel it`, async () => {
      for (const relay of relays) begins(relay);
      try {
        const [pages, neighbours] = await Promise.all([enterAll(), enter(elsewhere, neighbour)]);
        expect(pages.map(isTold)).to.not.include(false);
        expect(isIn(neighbours)).to.equal(true);
      } finally {
        for (const relay of relays) relay.pass();
      }
    });
  }

  it('loses nobody while it is killed and started again during sign-ins', async () => {
    let over = false;
    const counts = { in: 0, told: 0 };
    const load = everybody.map(async (person) => {
      while (!over) {
        const page = await enter(app, person);
        expect(isIn(page) || isTold(page), page.document.structuredText).to.equal(true);
        counts[isIn(page) ? 'in' : 'told'] += 1;
      }
    });
    const running = Promise.all(load);
    await eventually('some sign-ins', () => counts.in > PEOPLE);
    await slapd.stop();
    await eventually('somebody to be told', () => counts.told > 0);
    await slapd.start();
    const before = counts.in;
    await eventually('sign-ins again', () => counts.in > before + PEOPLE);
    over = true;
    await running;
  });
});
