// Guesses at a client's secret, made at once and through two processes: no more count than the limit allows.

import { expect } from 'chai';
import type { Client } from 'oidc-provider';

import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { onBehalfOf } from '../../src/http/request-context.ts';
import { createLog } from '../../src/observability/log.ts';
import { describeOnEveryStore } from '../support/every-store.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { CALLBACK, SECRET } from '../support/relying-party.ts';
import { serveProvider } from '../support/served-provider.ts';

const AT_ONCE = 300;
const log = createLog({ level: 'silent' });

describeOnEveryStore('guessing a client’s secret', (store) => {
  let db: Database;
  /** As two processes know it. */
  let clients: Client[];

  before(async () => {
    db = openPostgres({ url: await testDatabaseUrl() });
  });
  after(() => db.close());
  beforeEach(async () => {
    const declared = { orders: { secret: SECRET, metadata: { redirect_uris: [CALLBACK] } } };
    const first = await serveProvider({ db, store: store(), clients: declared });
    const second = await serveProvider({ db, store: store(1), beside: first });
    const found = await Promise.all([first, second].map(({ provider }) => provider.Client.find('orders')));
    clients = found.filter((client) => client !== undefined);
    // The first use of a connection takes longer.
    await Promise.all([isLetIn(SECRET, '192.0.2.9', 0), isLetIn(SECRET, '192.0.2.9', 1)]);
  });

  async function isLetIn(secret: string, address = '192.0.2.1', number = 0): Promise<boolean> {
    const request = { requestId: 'r', address, userAgent: undefined, log };
    return onBehalfOf(request, async () => clients[number]?.compareClientSecret(secret) ?? false);
  }
  /** Wrong ones, and the right one as the last. */
  function guesses(count: number): Promise<boolean[]> {
    const secrets = [...Array.from({ length: count - 1 }, (_, n) => `guess ${n}`), SECRET];
    return Promise.all(secrets.map((secret, n) => isLetIn(secret, '192.0.2.1', n % 2)));
  }

  it('helps nobody who makes more guesses at once than are allowed', async () => {
    expect((await guesses(AT_ONCE)).filter(Boolean)).to.deep.equal([]);
  });

  it('is forgiven up to the limit', async () => {
    expect((await guesses(20)).at(-1)).to.equal(true);
    // One after the other: what two processes send at once arrives in any order.
    expect(await isLetIn('the twentieth guess')).to.equal(false);
    expect(await isLetIn(SECRET)).to.equal(false);
  });

  it('is nothing that knowing it amounts to, however often at once', async () => {
    const known = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => isLetIn(SECRET, '192.0.2.1', n % 2)));
    expect(known.filter(Boolean)).to.have.length(AT_ONCE);
  });

  it('closes the door for a network, however many addresses it has', async () => {
    for (let n = 0; n < 20; n++) await isLetIn('wrong', `2001:db8::${n.toString(16)}`);
    expect(await isLetIn(SECRET, '2001:db8::ffff')).to.equal(false);
    expect(await isLetIn(SECRET, '2001:db8:0:1::1')).to.equal(true);
    expect(await isLetIn(SECRET, '192.0.2.1')).to.equal(true);
  });
});
