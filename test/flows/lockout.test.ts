// Nobody at our door locks an account at the directory: here slapd, which locks after five failures and tells so.

import { expect } from 'chai';

import { createUserAgent } from '../support/browser-like-client.ts';
import { bindsAt } from '../support/ldap-bind.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { createApp, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { testSlapd } from '../support/slapd.ts';

describe('a guesser', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let person: Employee;
  let people = 0;

  before(async () => {
    organisation = await createOrganisation('lockout', { realm: 'corp.lockout.test' });
    server = await startSallyport({
      server: { trustedProxies: ['loopback'] },
      processes: 2,
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: { orders: registration() },
        },
      },
    });
    orders = await createApp(server.issuer('acme'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  /** Each from an address of its own, through either process. */
  async function guess(username: string, number: number): Promise<number> {
    const browser = createUserAgent(server.through(number % 2));
    const headers = { 'x-forwarded-for': `198.51.100.${number}` };
    const door = await browser.get((await orders.begin()).url, { headers });
    const page = await browser.fillAndSubmit(door, { username, password: `guess ${number}` }, { headers });
    return page.status;
  }

  const aliasesOf = ({ username }: Employee) => [
    username,
    username.toUpperCase(),
    ` ${username} `,
    `${username}@lockout.test`,
    `${username}@corp.lockout.test`,
    `CORP\\${username}`,
    `corp.lockout.test\\${username}`,
  ];

  const ways: Record<string, (guesses: (() => Promise<number>)[]) => Promise<number[]>> = {
    'one after the other': async (guesses) => {
      const statuses: number[] = [];
      for (const one of guesses) statuses.push(await one());
      return statuses;
    },
    'all at once': (guesses) => Promise.all(guesses.map((one) => one())),
  };

  for (const [how, made] of Object.entries(ways)) {
    for (const failures of [0, 2]) {
      it(`by every name of somebody, ${how}, after ${failures} failures elsewhere, keeps nobody out of the directory`, async () => {
        const slapd = await testSlapd();
        for (let time = 0; time < failures; time++) await bindsAt(slapd, person.dn, 'an old password');
        const names = [...aliasesOf(person), ...aliasesOf(person)];
        const statuses = await made(names.map((name, number) => () => guess(name, number)));
        // As many are answered as for a name that nobody has: what was not asked of the directory reads like a wrong password.
        expect(statuses.sort()).to.deep.equal([...Array<number>(4).fill(401), ...Array<number>(10).fill(429)]);
        expect(await bindsAt(slapd, person.dn, person.password)).to.equal(true);
      });
    }
  }
});
