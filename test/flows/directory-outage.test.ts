import { expect } from 'chai';
import { ClientError } from 'openid-client';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword, problemOn } from '../support/sign-in.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';

const DOWN = 'Passwords cannot be checked at the moment. Nothing is wrong with yours: try again in a minute.';

describe('while the directory is down', () => {
  let server: Sallyport;
  let slapd: TestSlapd;
  let organisation: Organisation;
  let patient: App;
  let impatient: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    slapd = await startSlapd();
    organisation = await createOrganisation('outage', { connectTimeoutMs: 500, operationTimeoutMs: 500 }, slapd);
    const tenant = (directoryStaleLimit: string) => ({
      name: 'Acme',
      policy: { secondFactors: { required: 'never' }, directoryFreshness: '1s', directoryStaleLimit },
      directories: { people: organisation.directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({ tenants: { patient: tenant('1h'), impatient: tenant('1s') } });
    patient = await createApp(server.issuer('patient'));
    impatient = await createApp(server.issuer('impatient'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  const outages = {
    'does not listen': { begins: () => slapd.stop(), ends: () => slapd.start() },
    hangs: {
      begins: () => slapd.pause(),
      ends: () => Promise.resolve(slapd.resume()),
    },
  };

  for (const [how, { begins, ends }] of Object.entries(outages)) {
    describe(`because it ${how}`, () => {
      beforeEach(begins);

      it('a sign-in says so, does not count, and goes on afterwards from the same page', async () => {
        let page: Page;
        const request = await patient.begin();
        try {
          page = await browser.get(request.url);
          // More often than wrong passwords would be allowed.
          for (let time = 0; time < 6; time++) {
            page = await givePassword(browser, page, person);
            expect(page.status).to.equal(503);
            expect(problemOn(page)).to.equal(DOWN);
            expect(Number(page.headers.get('retry-after'))).to.be.greaterThan(0);
            expect(doorOf(page)).to.equal('password');
          }
        } finally {
          await ends();
        }
        const answer = await eventually('the directory to be asked again', async () => {
          page = await givePassword(browser, page, person);
          if (page.status !== 503) return page;
          return undefined;
        });
        expect(claimsOf(await patient.finish(request, answer)).acr).to.equal('sfa');
      });
    });
  }

  it('whoever is signed in goes on with its last answer, for as long as the tenant allows', async () => {
    const patiently = await patient.signIn(person);
    const impatiently = await impatient.signIn(person);
    await slapd.stop();
    try {
      await eventually('the last answer to be too old', async () => {
        const refused = await impatient.userinfo(impatiently.tokens).catch((error: unknown) => error);
        return refused instanceof Error;
      });
      const silently = (app: App) => app.begin({ prompt: 'none' });
      const asked = await impatiently.browser.get((await silently(impatient)).url);
      expect(asked.status).to.equal(503);
      expect(textOf(asked, 'h1')).to.equal('Sign-in is not possible at the moment');

      const refused: unknown = await impatient.refresh(impatiently.tokens).catch((error: unknown) => error);
      if (!(refused instanceof ClientError && refused.cause instanceof Response)) throw refused;
      expect(refused.cause.status).to.equal(503);
      expect(await refused.cause.json()).to.include({ error: 'temporarily_unavailable' });

      expect((await patient.userinfo(patiently.tokens)).sub).to.equal(patiently.claims.sub);
      expect((await patient.refresh(patiently.tokens)).access_token).to.be.a('string');
      expect(refusalIn(await patiently.browser.get((await silently(patient)).url))).to.equal('a code');
    } finally {
      await slapd.start();
    }
    const again = await eventually('the directory to be asked again', () =>
      impatient.refresh(impatiently.tokens).catch(() => undefined),
    );
    expect(claimsOf(again).sub).to.equal(impatiently.claims.sub);
  });
});
