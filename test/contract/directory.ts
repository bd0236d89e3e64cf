// What every directory does, whichever server is behind it. Each server calls `describeDirectory` with its dialect and the way
// to reach it.

import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import type { Directory, DirectoryUser } from '../../src/directory/directory.ts';
import { AppError } from '../../src/errors.ts';
import type { TestDirectory } from '../support/directory-server.ts';
import type { Settings } from '../support/open-directory.ts';
import { openDirectory } from '../support/open-directory.ts';
import { describeBind } from './directory-bind.ts';
import type { Dialect, StatefulServer } from './directory-dialects.ts';
import { directoryFixture, personDn } from './directory-fixture.ts';
import { describeGroupListing } from './directory-group-listing.ts';
import { describeGroups } from './directory-groups.ts';
import { describePeople } from './directory-people.ts';

export interface DirectoryServer extends StatefulServer, Pick<TestDirectory, 'suffix' | 'service' | 'modify'> {
  /** How the directory under test reaches it. */
  connection: Pick<Settings, 'urls' | 'tls'>;
  /** Where names must be unique in the whole server, everything goes that was written for the tests. */
  removeTree?(dn: string): Promise<void>;
}

/** A directory with people and groups of its own. To be read in tests, not before. */
export interface DirectoryUnderTest {
  readonly dialect: Dialect;
  readonly server: DirectoryServer;
  readonly base: string;
  readonly directory: Directory;
  /** The same one with other settings. */
  open(settings?: Partial<Settings>, bindPassword?: string): Directory;
  /** @throws Error where nobody, or more than one, is found. */
  found(login: string, from?: Directory): Promise<DirectoryUser>;
  dnOf(name: string): string;
}

/** Installing a server from packages takes a while. */
const START_TIMEOUT_MS = 300_000;

export function describeDirectory(name: string, dialect: Dialect, start: () => Promise<DirectoryServer>): void {
  describe(`directory: ${name}`, () => {
    const subject = directoryUnderTest(dialect, start);
    describe('find', () => describePeople(subject));
    describe('bind', () => describeBind(subject));
    describe('groupsOf', () => describeGroups(subject));
    describe('listGroups', () => describeGroupListing(subject));
    describe('faults', () => describeFaults(subject));
  });
}

export function directoryUnderTest(dialect: Dialect, start: () => Promise<DirectoryServer>): DirectoryUnderTest {
  let server: DirectoryServer;
  let base: string;
  let directory: Directory;
  const opened: Directory[] = [];

  const open: DirectoryUnderTest['open'] = (settings = {}, bindPassword = server.service.password) => {
    const defaults = { preset: dialect.preset, ...server.connection, baseDn: base };
    const made = openDirectory(server.service, { ...defaults, ...settings }, { bindPassword });
    opened.push(made);
    return made;
  };

  before(async function () {
    this.timeout(START_TIMEOUT_MS);
    server = await start();
    base = `ou=fixture-${randomUUID()},${server.suffix}`;
    await server.modify(directoryFixture(dialect, base));
    for (const { name, after } of dialect.states) await after?.(server, personDn(dialect, base, name));
    directory = open();
  });

  after(async () => {
    for (const each of opened) await each.close();
    await server.removeTree?.(base);
  });

  return {
    dialect,
    get server() {
      return server;
    },
    get base() {
      return base;
    },
    get directory() {
      return directory;
    },
    open,
    found: async (login, from = directory) => {
      const outcome = await from.find(login);
      if (!outcome.ok) throw new Error(`${login}: ${outcome.reason}`);
      return outcome.value;
    },
    dnOf: (name) => personDn(dialect, base, name),
  };
}

function describeFaults(subject: DirectoryUnderTest): void {
  it('is unavailable, and no password wrong, when the service account is refused or the base is not there', async () => {
    const { open, server } = subject;
    const ann = await subject.found('ann');
    // Nobody's DN: the tests' own service account must not be locked.
    const refused = open({ bindDn: subject.dnOf('nobody') }, 'wrong');
    for (const broken of [refused, open({}, ''), open({ baseDn: `ou=nowhere,${server.suffix}` })]) {
      const operations = [
        () => broken.find('ann'),
        () => broken.findByStableId(ann.stableId),
        () => broken.groupsOf(ann),
      ];
      for (const operation of operations) {
        const error = await operation().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error).to.be.instanceOf(AppError);
        expect(error).to.include({ code: 'directory_unavailable', status: 503 });
      }
    }
  });

  it('shows by probing which step fails', async () => {
    const { open, server } = subject;
    const steps = async (probed: Directory) => (await probed.probe()).map(({ step, ok }) => `${step} ${String(ok)}`);
    const secured = server.connection.tls?.mode === 'none' ? [] : ['tls true'];
    expect(await steps(subject.directory)).to.deep.equal(['connect true', ...secured, 'bind true', 'search true']);
    const refused = open({ bindDn: subject.dnOf('nobody') }, 'wrong');
    expect(await steps(refused)).to.deep.equal(['connect true', ...secured, 'bind false']);
    const nowhere = open({ groupBaseDn: `ou=nowhere,${server.suffix}` });
    expect((await steps(nowhere)).slice(-2)).to.deep.equal(['search true', 'search false']);
  });
}
