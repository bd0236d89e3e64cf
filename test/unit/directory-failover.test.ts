import { mock } from 'node:test';

import { expect } from 'chai';

import type { LdapRequest } from '../../src/demo/directory/requests.ts';
import type { Directory } from '../../src/directory/directory.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { ldapClient } from '../../src/directory/ldap/client.ts';
import { parseFilter } from '../../src/directory/ldap/filter.ts';
import type { ServerChange } from '../../src/directory/ldap/server-access.ts';
import { ldapServers } from '../../src/directory/ldap/server-access.ts';
import { eventually } from '../support/eventually.ts';
import { atEnd } from '../support/global-teardown.ts';
import { freePort } from '../support/ports.ts';
import type { FakeServer } from './directory-fake-server.ts';
import {
  answeringServer,
  answerWell,
  directoryAt,
  expectUnavailable,
  fakeServer,
  result,
} from './directory-fake-server.ts';

const ann = { stableId: 'x', dn: 'uid=ann,dc=fake,dc=test', username: 'ann', profile: {}, state: 'enabled' as const };

/** Whatever waits for one of them takes five times as long as it may. */
const PATIENT = { connectTimeoutMs: 5000, operationTimeoutMs: 5000 };
/** What somebody notices of a server that failed: less than a second, of which half is given to the server. */
const SOON_SECONDS = 1;

interface WatchedServer extends FakeServer {
  /** Binds as somebody other than the service account, and searches below the base. */
  asked: { binds: number; searches: number };
}

type Answer = (request: LdapRequest, socket: Parameters<typeof answerWell>[1]) => void;

async function watchedServer(answer: Answer): Promise<WatchedServer> {
  const asked = { binds: 0, searches: 0 };
  const server = await answeringServer((request, socket) => {
    if (isPersonsBind(request)) asked.binds += 1;
    if (request.operation.kind === 'search' && request.operation.scope !== 'base') asked.searches += 1;
    answer(request, socket);
  });
  return { ...server, asked };
}

function isPersonsBind({ operation }: LdapRequest): boolean {
  return operation.kind === 'bind' && operation.dn !== 'cn=service,dc=fake,dc=test';
}

async function secondsOf(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return (performance.now() - started) / 1000;
}

describe('failover between directory servers', () => {
  it('overtakes a server that stops answering, long before its time-out, and spares the bind that follows', async () => {
    let hanging = false;
    const first = await watchedServer((request, socket) => {
      if (!hanging) answerWell(request, socket);
    });
    const second = await watchedServer(answerWell);
    const directory = directoryAt([first.url, second.url], PATIENT);
    expect((await directory.find('ann')).ok).to.equal(true);
    expect(second.connections).to.have.length(0);

    hanging = true;
    expect(await secondsOf(directory.find('ann'))).to.be.lessThan(SOON_SECONDS);
    expect(await secondsOf(directory.bind(ann, 'ann-password'))).to.be.lessThan(SOON_SECONDS);
    expect([first.asked, second.asked]).to.deep.equal([
      { binds: 0, searches: 2 },
      { binds: 1, searches: 1 },
    ]);
  });

  const OPERATIONS = {
    search: (directory: Directory) => directory.find('ann'),
    bind: (directory: Directory) => directory.bind(ann, 'ann-password'),
  };
  const BROKEN = {
    'refuses connections': async () => `ldap://127.0.0.1:${await freePort()}`,
    'accepts connections and says nothing': async () => (await fakeServer(() => undefined)).url,
  };
  for (const [how, broken] of Object.entries(BROKEN)) {
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      it(`takes less than a second where the first one ${how}: ${name}`, async () => {
        const second = await watchedServer(answerWell);
        const directory = directoryAt([await broken(), second.url], PATIENT);
        expect(await secondsOf(operation(directory))).to.be.lessThan(SOON_SECONDS);
        expect(second.asked).to.deep.equal({ binds: 0, searches: 0, [name === 'bind' ? 'binds' : 'searches']: 1 });
      });
    }
  }

  it('never sends a bind to another server because the first is slow', async () => {
    const first = await watchedServer((request, socket) => {
      if (!isPersonsBind(request)) answerWell(request, socket);
    });
    const second = await watchedServer(answerWell);
    const directory = directoryAt([first.url, second.url], { connectTimeoutMs: 8000, operationTimeoutMs: 1000 });
    const where = first.url.slice('ldap://'.length);
    await expectUnavailable(directory.bind(ann, 'ann-password'), new RegExp(`^${where}: bind: no answer in time`));
    expect([first.asked.binds, second.asked.binds]).to.deep.equal([1, 0]);
  });

  it('sends a bind to the next where the first says that it is busy, which is no answer to it', async () => {
    const busy = await watchedServer((request, socket) => {
      if (isPersonsBind(request)) socket.write(result(request.id, 0x61, 51));
      else answerWell(request, socket);
    });
    const second = await watchedServer(answerWell);
    const directory = directoryAt([busy.url, second.url]);
    expect(await directory.bind(ann, 'ann-password')).to.deep.equal({ ok: true, value: {} });
    expect([busy.asked.binds, second.asked.binds]).to.deep.equal([1, 1]);
  });

  it('takes a refusal for an answer, and asks nobody else', async () => {
    let code = 49;
    const first = await watchedServer((request, socket) => {
      if (isPersonsBind(request)) socket.write(result(request.id, 0x61, code));
      else if (request.operation.kind === 'search') socket.write(result(request.id, 0x65, 50));
      else answerWell(request, socket);
    });
    const second = await watchedServer(answerWell);
    const directory = directoryAt([first.url, second.url]);
    expect(await directory.bind(ann, 'wrong')).to.deep.equal({ ok: false, reason: 'bad-credentials' });
    await expectUnavailable(directory.find('ann'), /^127.0.0.1:\d+: search: LDAP result 50/);
    code = 80;
    await expectUnavailable(directory.bind(ann, 'any'), /^127.0.0.1:\d+: bind: LDAP result 80/);
    expect(second.connections).to.have.length(0);
  });

  it('does once what must be done once', async () => {
    const first = await watchedServer((request, socket) => {
      if (isPersonsBind(request)) socket.destroy();
      else answerWell(request, socket);
    });
    const second = await watchedServer(answerWell);
    const down = `ldap://127.0.0.1:${await freePort()}`;
    const settings = directorySettings.parse({
      urls: [down, first.url, second.url],
      tls: { mode: 'none' },
      bindDn: 'cn=service,dc=fake,dc=test',
      baseDn: 'dc=fake,dc=test',
    });
    const client = ldapClient(ldapServers(settings), { settings, bindPassword: 'service-password' });
    atEnd(async () => client.close());
    // A connection of the pool that is open and idle is not what it runs on.
    await client.search({
      base: 'dc=fake,dc=test',
      scope: 'sub',
      filter: parseFilter('(uid=ann)'),
      attributes: ['uid'],
    });
    const failure = await client.once((connection) => connection.bind(ann.dn, 'next')).catch(String);
    expect(failure).to.match(/closed|ECONNRESET/);
    expect([first.asked.binds, second.asked.binds]).to.deep.equal([1, 0]);
  });

  it('goes back to the first as soon as it is well again, and tells both', async () => {
    const changes: ServerChange[] = [];
    let up = true;
    const first = await watchedServer((request, socket) => {
      if (up) answerWell(request, socket);
      else socket.destroy();
    });
    const second = await watchedServer(answerWell);
    const directory = directoryAt([first.url, second.url], {}, { serverChanged: (change) => changes.push(change) });
    const [one, two] = [first, second].map(({ url }) => url.slice('ldap://'.length));

    await directory.find('ann');
    up = false;
    expect((await directory.find('ann')).ok).to.equal(true);
    await eventually('the first is down', () => changes.some(({ state }) => state === 'down'));
    up = true;
    await eventually('the first is up again', () => changes.length === 4);
    expect(changes.map(({ server, state }) => [server, state])).to.deep.equal([
      [one, 'up'],
      [two, 'up'],
      [one, 'down'],
      [one, 'up'],
    ]);
    const { searches } = first.asked;
    await directory.find('ann');
    expect(first.asked.searches).to.equal(searches + 1);
    await directory.close();
    expect(changes.slice(4).map(({ state }) => state)).to.deep.equal(['unused', 'unused']);
  });
});

describe('connections that nobody uses', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
  afterEach(() => mock.timers.reset());

  it('are tried now and then, so that a server that went silent is found out before anybody asks it', async () => {
    let silent = false;
    const tried = new Set<unknown>();
    const server = await watchedServer((request, socket) => {
      if (request.operation.kind === 'search' && request.operation.scope === 'base') tried.add(socket);
      if (!silent) answerWell(request, socket);
    });
    const changes: ServerChange[] = [];
    const directory = directoryAt([server.url], {}, { serverChanged: (change) => changes.push(change) });
    await directory.find('ann');
    await directory.bind(ann, 'ann-password');
    mock.timers.tick(30_000);
    await eventually('both connections are tried', () => tried.size === 2);
    expect(server.connections).to.have.length(2);

    silent = true;
    await eventually('it is found out', () => {
      mock.timers.tick(30_000);
      return changes.at(-1)?.state === 'down';
    });
    expect(server.asked).to.deep.equal({ binds: 1, searches: 1 });
  });
});

describe('a directory all of whose servers are down', () => {
  it('fails at once, for everybody, and troubles the servers no more', async () => {
    const [one, two] = [await fakeServer(() => undefined), await fakeServer(() => undefined)];
    const directory = directoryAt([one.url, two.url], { connectTimeoutMs: 1000 });
    await expectUnavailable(directory.find('ann'), /no answer in time.*; .*no answer in time/);
    // The check that follows at once has to find them down, too.
    await expectUnavailable(directory.find('ann'), /no answer in time.*; .*no answer in time/);
    const all = Promise.all(
      Array.from({ length: 100 }, () => expectUnavailable(directory.bind(ann, 'ann-password'), /no answer in time/)),
    );
    expect(await secondsOf(all)).to.be.lessThan(0.9);
    for (const { connections } of [one, two]) expect(connections.length).to.be.lessThan(5);
  });

  it('serves again without anybody asking for it', async () => {
    let up = false;
    const server = await watchedServer((request, socket) => {
      if (up) answerWell(request, socket);
      else socket.destroy();
    });
    const changes: ServerChange[] = [];
    const directory = directoryAt([server.url], {}, { serverChanged: (change) => changes.push(change) });
    await expectUnavailable(directory.find('ann'), /closed|ECONNRESET/);
    await eventually('it is down', () => changes.length === 1);
    up = true;
    await eventually('it is up', () => changes.length === 2);
    expect((await directory.find('ann')).ok).to.equal(true);
  });
});

describe('a directory with one server that was slow once', () => {
  it('goes on: those who come next wait for the check', async () => {
    let slow = true;
    const server = await watchedServer((request, socket) => {
      const isSearch = request.operation.kind === 'search' && request.operation.scope !== 'base';
      if (!(isSearch && slow)) answerWell(request, socket);
    });
    const changes: ServerChange[] = [];
    const directory = directoryAt([server.url], {}, { serverChanged: (change) => changes.push(change) });
    await expectUnavailable(directory.find('ann'), /no answer in time/);
    slow = false;
    const found = await Promise.all(Array.from({ length: 20 }, () => directory.find('ann')));
    expect(found.every(({ ok }) => ok)).to.equal(true);
    expect(changes.map(({ state }) => state)).to.deep.equal(['up']);
  });
});
