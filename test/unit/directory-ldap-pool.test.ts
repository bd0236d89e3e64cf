import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';

import { GivenUp, LdapConnection } from '../../src/directory/ldap/connection.ts';
import type { PoolOptions } from '../../src/directory/ldap/pool.ts';
import { LdapPool } from '../../src/directory/ldap/pool.ts';
import { LdapResultError } from '../../src/directory/ldap/result-error.ts';
import { eventually } from '../support/eventually.ts';
import { atEnd } from '../support/global-teardown.ts';
import type { FakeServer } from './directory-fake-server.ts';
import { fakeServer } from './directory-fake-server.ts';

describe('a pool of LDAP connections', () => {
  let server: FakeServer;
  let closed = 0;

  before(async () => {
    server = await fakeServer((socket) => socket.resume().on('close', () => (closed += 1)));
  });

  function pool(options: Partial<PoolOptions> = {}) {
    let opened = 0;
    const open = async (): Promise<LdapConnection> => {
      opened += 1;
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      await once(socket, 'connect');
      return new LdapConnection(socket, { server: 'fake', operationTimeoutMs: 1000, maxResponseBytes: 10_000 });
    };
    const made = new LdapPool({
      open,
      size: 2,
      sharers: 1,
      waitMs: 1000,
      waiting: 10,
      idleMs: 60_000,
      repeats: true,
      ...options,
    });
    atEnd(async () => made.close());
    return {
      run: made.run.bind(made),
      tend: made.tend.bind(made),
      reset: made.reset.bind(made),
      close: () => made.close(),
      opened: () => opened,
    };
  }

  /** Operations that end when they are told to. */
  function held() {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    return { operation: () => promise, release: () => resolve(undefined) };
  }

  const refusal = new LdapResultError('search', { code: 32, diagnosticMessage: '', controls: new Map() });

  it('lends each connection to so many at once, and makes the others wait in their order', async () => {
    const { run, opened } = pool();
    const [one, two] = [held(), held()];
    const order: number[] = [];
    const running = [run(one.operation), run(two.operation)];
    const waiting = [3, 4].map((number) => run(async () => order.push(number)));
    expect(order).to.deep.equal([]);
    one.release();
    await Promise.all(waiting);
    expect(order).to.deep.equal([3, 4]);
    expect(opened()).to.equal(2);
    two.release();
    await Promise.all(running);
  });

  it('lets many share a connection where it is meant to be shared', async () => {
    const { run, opened } = pool({ sharers: 10 });
    const hold = held();
    const seen = new Set<LdapConnection>();
    const running = Array.from({ length: 20 }, () =>
      run((connection) => {
        seen.add(connection);
        return hold.operation();
      }),
    );
    await eventually('all of them run', () => seen.size === 2);
    hold.release();
    await Promise.all(running);
    expect(opened()).to.equal(2);
  });

  it('makes nobody wait longer than told', async () => {
    const { run } = pool({ size: 1, waitMs: 20 });
    const hold = held();
    const running = run(hold.operation);
    expect(await failureOf(run(() => Promise.resolve()))).to.match(/all 1 connections were in use for 20 ms/);
    hold.release();
    await running;
    await run(() => Promise.resolve());
  });

  it('keeps a connection that brought an LDAP result, whatever its code', async () => {
    const { run, opened } = pool();
    for (let round = 0; round < 3; round += 1)
      expect(await failureOf(run(() => Promise.reject(refusal)))).to.match(/32/);
    expect(opened()).to.equal(1);
  });

  it('throws away one that brought anything else, and runs the operation again only if that one was not fresh', async () => {
    const { run, opened } = pool();
    let runs = 0;
    const failing = (): Promise<never> => {
      runs += 1;
      return Promise.reject(new Error('cut off'));
    };
    expect(await failureOf(run(failing))).to.equal('cut off');
    expect([runs, opened()]).to.deep.equal([1, 1]);
    await run(() => Promise.resolve());
    expect(await failureOf(run(failing))).to.equal('cut off');
    expect([runs, opened()]).to.deep.equal([3, 3]);

    await run(() => Promise.resolve());
    const busy = new LdapResultError('search', { code: 51, diagnosticMessage: '', controls: new Map() });
    const before = opened();
    expect(await failureOf(run(() => Promise.reject(busy)))).to.match(/51/);
    expect(opened()).to.equal(before + 1);
  });

  it('gives every sharer of a dying connection the same fresh one', async () => {
    const { run, opened } = pool({ size: 1, sharers: 10 });
    const before = server.connections.length;
    await run(() => Promise.resolve());
    const dying = await eventually('the server sees the connection', () => server.connections[before]);
    const seen = new Set<LdapConnection>();
    const operation = async (connection: LdapConnection): Promise<void> => {
      const [first = connection] = seen;
      seen.add(connection);
      if (connection !== first) return;
      dying.destroy();
      await connection.closed;
      throw new Error('cut off');
    };
    await Promise.all(Array.from({ length: 5 }, () => run(operation)));
    expect([opened(), seen.size]).to.deep.equal([2, 2]);
  });

  it('closes what nobody uses, and opens it again when asked', async () => {
    const { run, tend, opened } = pool({ idleMs: 0 });
    const before = closed;
    await run(() => Promise.resolve());
    await tend(() => Promise.reject(new Error('nobody asks what is closed')));
    await eventually('the idle connection is closed', () => closed > before);
    await run(() => Promise.resolve());
    expect(opened()).to.equal(2);
  });

  it('finds the dead among the connections that nobody uses, and leaves those in use alone', async () => {
    const { run, tend, opened } = pool();
    const hold = held();
    const running = run(hold.operation);
    await run(() => Promise.resolve());
    const asked: LdapConnection[] = [];
    const ask = (answer: Promise<unknown>) => (connection: LdapConnection) => {
      asked.push(connection);
      return answer;
    };
    await tend(ask(Promise.resolve()));
    await tend(ask(Promise.reject(refusal)));
    expect([asked.length, new Set(asked).size, opened()]).to.deep.equal([2, 1, 2]);
    const dead = new Error('no answer');
    expect(await failureOf(tend(ask(Promise.reject(dead))))).to.equal('no answer');
    await tend(ask(Promise.reject(new Error('it is gone'))));
    await run(() => Promise.resolve());
    expect(opened()).to.equal(3);
    hold.release();
    await running;
  });

  it('lets only so many wait, and nobody for a server that is down', async () => {
    const { run, reset } = pool({ size: 1, waiting: 2 });
    const hold = held();
    const running = run(hold.operation);
    const waiting = [1, 2].map(() => failureOf(run(() => Promise.resolve())));
    expect(await failureOf(run(() => Promise.resolve()))).to.equal('2 wait for a connection already');
    reset(new GivenUp('the server is down'));
    expect(await Promise.all(waiting)).to.deep.equal(['the server is down', 'the server is down']);
    hold.release();
    await running;
  });

  it('never runs again what the server may yet do', async () => {
    const { run, opened } = pool();
    await run(() => Promise.resolve());
    let runs = 0;
    const slow = (): Promise<never> => {
      runs += 1;
      return Promise.reject(new GivenUp('no answer in time'));
    };
    expect(await failureOf(run(slow))).to.equal('no answer in time');
    expect([runs, opened()]).to.deep.equal([1, 1]);
  });

  it('ends everything when it is closed, and opens nothing more', async () => {
    const { run, close, opened } = pool();
    const running = run((connection) => connection.bind('cn=a', 'b'));
    await eventually('the connection is open', () => opened() === 1);
    await eventually('the request is sent', () => (server.connections.at(-1)?.bytesRead ?? 0) > 0);
    close();
    expect(await failureOf(running)).to.match(/closed/);
    expect(await failureOf(run(() => Promise.resolve()))).to.match(/the pool is closed/);
    expect(opened()).to.equal(1);
  });
});

async function failureOf(running: Promise<unknown>): Promise<string> {
  return running.then(
    () => 'it succeeded',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
