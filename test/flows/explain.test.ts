// What an explanation says that tokens would carry, beside what tokens of a real sign-in carry.

import { expect } from 'chai';
import { decodeJwt } from 'jose';

import { operator } from '../../src/admin/caller.ts';
import { explanation } from '../../src/admin/explain/explain-shape.ts';
import type { Explanation } from '../../src/admin/explain/explain-shape.ts';
import { composeAdmin } from '../../src/compose-admin.ts';
import { composeBase } from '../../src/compose-base.ts';
import { openStorage } from '../../src/compose-core.ts';
import { composeDelivery } from '../../src/compose-delivery.ts';
import { composePages } from '../../src/compose-pages.ts';
import { composePeople } from '../../src/compose-people.ts';
import { composeSecondFactors } from '../../src/compose-second-factors.ts';
import { loadConfiguration } from '../../src/config.ts';
import { createLog } from '../../src/observability/log.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { createApp, registration } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const API = 'https://api.example.com';
const SCOPE = 'openid profile email groups roles';

/** What a sign-in makes: times, ids, and how the person proved who they are. */
const OF_A_SIGN_IN = ['iat', 'exp', 'jti', 'nonce', 'sid', 'at_hash', 's_hash', 'auth_time', 'amr'];

describe('an explained sign-in', () => {
  let server: Sallyport;
  let pia: Employee;
  let explain: (tenant: string, request: object) => Promise<Explanation>;
  let close: () => Promise<void>;

  before(async () => {
    const organisation = await createOrganisation('explained');
    pia = await organisation.addPerson('pia', { givenName: 'Pia' });
    const sales = await organisation.addGroup('sales', [pia]);
    await organisation.addGroup('staff', [sales]);
    const tenant = (parts: object) => ({
      name: 'Acme',
      directories: { people: organisation.directory },
      resources: { [API]: { scopes: ['orders'] } },
      roles: { seller: { permissions: ['order:write'], groups: ['staff'] } },
      clients: { orders: registration(), api: registration({ defaultResource: API, groups: { only: ['sta*'] } }) },
      ...parts,
    });
    server = await startSallyport({
      tenants: {
        acme: tenant({ policy: { secondFactors: { required: 'always' } } }),
        crowded: tenant({ policy: { secondFactors: { required: 'never' } }, tokens: { groupLimit: 1 } }),
      },
    });
    ({ explain, close } = await explaining(server.configFile));
  });
  after(async () => {
    await close();
    await server.stop();
  });

  it('names the claims that the ID token, userinfo and an access token come to carry', async () => {
    const before = await explain('acme', { login: 'pia', client_id: 'orders', scope: SCOPE });
    expect(before.verdict.code).to.equal('must-enrol');
    const app = await createApp(server.issuer('acme'));
    const { claims, tokens, browser } = await app.signIn(pia, { wishes: { scope: SCOPE } });
    const { sub, ...unsaid } = shown(before.tokens?.idToken);
    expect(unsaid).to.deep.equal(without(claims, 'sub'));
    expect(sub).to.match(/first sign-in/);

    const after = await explain('acme', { login: 'pia', client_id: 'orders', scope: SCOPE });
    expect(after.verdict.code).to.equal('could-sign-in');
    expect(after.policy?.factors.map(({ factor, wouldDo }) => [factor, wouldDo])).to.deep.equal([['totp', true]]);
    expect(shown(after.tokens?.idToken)).to.deep.equal(without(claims));
    expect(shown(after.tokens?.userinfo)).to.deep.equal(without(await app.userinfo(tokens)));

    const api = await createApp(server.issuer('acme'), { clientId: 'api' });
    const wishes = { scope: `${SCOPE} orders` };
    const signedIn = await api.signIn(pia, { browser, wishes });
    const told = await explain('acme', { login: 'pia', client_id: 'api', ...wishes });
    expect(shown(told.tokens?.accessToken)).to.deep.equal(without(decodeJwt(signedIn.tokens.access_token)));
  });

  it('says where groups are to be fetched that are too many', async () => {
    const app = await createApp(server.issuer('crowded'));
    const { claims } = await app.signIn(pia, { wishes: { scope: 'openid groups' } });
    const told = await explain('crowded', { login: 'pia', client_id: 'orders', scope: 'openid groups' });
    const ticketless = (all: object) =>
      JSON.parse(JSON.stringify(all, (name, value: unknown) => (name === 'access_token' ? '' : value))) as object;
    expect(ticketless(shown(told.tokens?.idToken))).to.deep.equal(ticketless(without(claims)));
  });
});

function shown(claims: Record<string, unknown> | null | undefined): Record<string, unknown> {
  expect(claims).to.be.an('object');
  return claims ?? {};
}

function without(claims: object, ...more: string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(claims).filter(([name]) => !OF_A_SIGN_IN.includes(name) && !more.includes(name)),
  );
}

/** The admin API's route on the storage of a server, as a command runs it. */
async function explaining(configFile: string) {
  const log = createLog({ level: 'silent' });
  const loaded = loadConfiguration({ file: configFile, env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { configuration } = loaded;
  const storage = await openStorage(configuration, log);
  const base = composeBase({ configuration, storage, log });
  const pages = await composePages();
  const people = composePeople(base);
  const delivery = composeDelivery(base, pages, configuration, { queuesOnly: true });
  const factors = composeSecondFactors(base, delivery);
  const { routes, dispatch } = composeAdmin({ base, pages, people, delivery, factors });
  const route = routes.find(({ id }) => id === 'explain');
  const root = await base.tenants.bySlug('root');
  if (!route || !root) throw new Error('there is nothing to explain with');
  return {
    async explain(tenant: string, body: object) {
      const answer = await dispatch(route, operator(root), { params: { tenant }, query: {}, body });
      return explanation.parse(answer.body);
    },
    async close() {
      await delivery.stop();
      await people.directories.close();
      await base.store.close();
      await storage.db.close();
    },
  };
}
