import { expect } from 'chai';

import type { Directory } from '../../src/directory/directory.ts';
import type { ServerChange } from '../../src/directory/ldap/server-access.ts';
import { eventually } from '../support/eventually.ts';
import { replacing } from '../support/ldif.ts';
import { openDirectory } from '../support/open-directory.ts';
import type { TestSlapd } from '../support/slapd.ts';
import { startSlapd } from '../support/slapd.ts';

/** Whatever waits for the end of this has failed the test. */
const PATIENCE_MS = 8000;
const SOON_SECONDS = 4;

describe('a directory on two slapds', () => {
  let first: TestSlapd;
  let second: TestSlapd;
  let directory: Directory;
  let changes: ServerChange[];

  before(async () => {
    [first, second] = await Promise.all([startSlapd(), startSlapd()]);
  });
  beforeEach(() => {
    changes = [];
    directory = open();
  });
  afterEach(() => directory.close());

  function open(settings: object = {}): Directory {
    const usual = {
      urls: [first.url, second.url],
      tls: { ca: first.caPem + second.caPem },
      baseDn: `o=acme,${first.suffix}`,
      connectTimeoutMs: PATIENCE_MS,
      operationTimeoutMs: PATIENCE_MS,
    };
    return openDirectory(first.service, { ...usual, ...settings }, { serverChanged: (change) => changes.push(change) });
  }

  async function signIn(): Promise<{ outcome: string; seconds: number }> {
    const started = performance.now();
    const found = await directory.find('ann');
    const bound = found.ok ? await directory.bind(found.value, 'ann-demo-1234') : found;
    return { outcome: bound.ok ? 'signed in' : bound.reason, seconds: (performance.now() - started) / 1000 };
  }

  /** So many at a time, again and again, until `end`; what came of them. */
  async function signingIn(people: number, end: Promise<unknown>) {
    let over = false;
    const ended = end.finally(() => (over = true));
    const person = async () => {
      const signIns = [];
      do signIns.push(await signIn());
      while (!over);
      return signIns;
    };
    const [signIns] = await Promise.all([Promise.all(Array.from({ length: people }, person)), ended]);
    return signIns.flat();
  }

  function expectAllIn(signIns: Awaited<ReturnType<typeof signIn>>[]): void {
    expect(new Set(signIns.map(({ outcome }) => outcome))).to.deep.equal(new Set(['signed in']));
    expect(Math.max(...signIns.map(({ seconds }) => seconds))).to.be.lessThan(SOON_SECONDS);
  }

  const state = (slapd: TestSlapd) =>
    changes.findLast(({ server }) => server === new URL(slapd.url).host)?.state ?? 'unknown';
  const until = (slapd: TestSlapd, wanted: ServerChange['state']) =>
    eventually(`${slapd.url} is ${wanted}`, () => state(slapd) === wanted, 20_000);

  it('loses no sign-in when the first is killed meanwhile, and uses it again when it is back', async () => {
    // As many binds as there are connections, so that each of them has been used when the server goes.
    expectAllIn(await Promise.all(Array.from({ length: 8 }, signIn)));
    const killed = (async () => {
      await first.kill();
      await until(first, 'down');
    })();
    expectAllIn(await signingIn(8, killed));
    expect(state(second)).to.equal('up');

    await first.start();
    expectAllIn(await signingIn(8, until(first, 'up')));
    await second.kill();
    expectAllIn([await signIn()]);
    await second.start();
  });

  it('passes the first when it hangs, and uses it again when it goes on', async () => {
    expectAllIn([await signIn()]);
    await first.pause();
    try {
      const signIns = await Promise.all(Array.from({ length: 20 }, signIn));
      expectAllIn(signIns);
      // Now it is known: nobody waits for it any more.
      expectAllIn(await Promise.all(Array.from({ length: 20 }, signIn)));
      expect(state(second)).to.equal('up');
    } finally {
      first.resume();
    }
    await second.kill();
    await eventually('the first serves', async () => (await signIn().catch(() => undefined))?.outcome === 'signed in');
    await second.start();
  });

  it('fails at once when both are gone, and goes on by itself when one is back', async () => {
    expectAllIn([await signIn()]);
    await Promise.all([first.kill(), second.kill()]);
    const failed = async (): Promise<string> => signIn().then(({ outcome }) => outcome, String);
    expect(await failed()).to.contain('directory_unavailable');
    await Promise.all([until(first, 'down'), until(second, 'down')]);
    const started = performance.now();
    const outcomes = await Promise.all(Array.from({ length: 50 }, failed));
    expect(outcomes.every((outcome) => outcome.includes('directory_unavailable'))).to.equal(true);
    expect(performance.now() - started).to.be.lessThan(1000);

    await Promise.all([first.start(), second.start()]);
    await Promise.race([until(first, 'up'), until(second, 'up')]);
    expectAllIn([await signIn()]);
  });

  it('loses no sign-in when a server was restarted while its connections were idle', async () => {
    await directory.close();
    directory = open({ urls: [first.url] });
    expectAllIn(await Promise.all(Array.from({ length: 8 }, signIn)));
    await first.stop();
    await first.start();
    expectAllIn(await Promise.all(Array.from({ length: 20 }, signIn)));
  });

  it('tells which server no longer takes the service account, and asks the other', async () => {
    await first.modify(replacing(first.service.dn, 'userPassword', 'changed-behind-our-back'));
    expectAllIn([await signIn()]);
    await until(first, 'down');
    const [down] = changes.filter(({ state: is }) => is === 'down');
    expect(down).to.include({ server: new URL(first.url).host, reason: 'bind: LDAP result 49' });

    await first.modify(replacing(first.service.dn, 'userPassword', first.service.password));
    expectAllIn([await signIn()]);
  });
});
