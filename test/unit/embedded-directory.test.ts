import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';
import type { SearchOptions } from 'ldapts';
import {
  Attribute,
  BindRequest,
  Change,
  Client,
  CompareRequest,
  EqualityFilter,
  ExtendedRequest,
  ResultCodeError,
  UnbindRequest,
} from 'ldapts';

import type { EmbeddedDirectory, EmbeddedDirectoryOptions } from '../../src/demo/directory/embedded-directory.ts';
import { startEmbeddedDirectory } from '../../src/demo/directory/embedded-directory.ts';
import { berCursor, messageSplitter } from '../../src/directory/ldap/ber.ts';
import { eventually } from '../support/eventually.ts';
import { atEnd } from '../support/global-teardown.ts';
import { selfSignedCertificate } from '../support/tls-certificate.ts';

const suffix = 'dc=fake,dc=test';
const admin = { dn: `cn=admin,${suffix}`, password: 'admin-password' };
const START_TLS = '1.3.6.1.4.1.1466.20037';

const SEED = `version: 1
# A comment, which is
 folded
dn: dc=fake,dc=test\r
objectClass: domain\r
dc: fake\r

dn: uid=ann,dc=fake,dc=test
objectClass: inetOrgPerson
uid: ann
cn:: QW5u
sn: Ander
 son
mail: ann@fake.test
MAIL: ann@elsewhere.test
userPassword: ann-password
employeeNumber: 9


dn:: dWlkPWJvYixkYz1mYWtlLGRjPXRlc3Q=
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Bobson
userPassword: {SSHA}DHlK7wJxJeVcuB2fJBmDlKtzVCtzYWx0eXNhbHQ=
employeeNumber: 10

dn: cn=inner,dc=fake,dc=test
objectClass: groupOfNames
cn: inner
member: uid=ann,dc=fake,dc=test
member: cn=outer,dc=fake,dc=test

dn: cn=outer,dc=fake,dc=test
objectClass: groupOfNames
cn: outer
member: cn=inner,dc=fake,dc=test
`;

async function start(options: Partial<EmbeddedDirectoryOptions> = {}): Promise<EmbeddedDirectory> {
  const server = await startEmbeddedDirectory({ ldif: SEED, suffix, admin, ...options });
  atEnd(() => server.close());
  return server;
}

async function boundClient({ url }: EmbeddedDirectory, dn: string, password: string): Promise<Client> {
  const client = new Client({ url, timeout: 5000 });
  atEnd(() => client.unbind());
  await client.bind(dn, password);
  return client;
}

async function codeOf(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 0;
  } catch (error) {
    if (error instanceof ResultCodeError) return error.code;
    throw error;
  }
}

const replacing = (type: string, ...values: string[]): Change =>
  new Change({ operation: 'replace', modification: new Attribute({ type, values }) });

describe('the embedded directory', () => {
  it('starts on loopback only, not in production, and not with a seed it cannot read', async () => {
    const fails = async (options: Partial<EmbeddedDirectoryOptions>, why: RegExp): Promise<void> => {
      const error: unknown = await start(options).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(Error).with.property('message').that.matches(why);
    };
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.com', '127.evil.test'])
      await fails({ host }, /loopback only/);
    await fails({ productionMode: true }, /does not start in production/);
    await fails({ ldif: 'dc: fake\n' }, /begins with dn:, not with dc: fake/);
    await fails({ ldif: 'dn: dc=fake,dc=test\nno line of LDIF\n' }, /not a line of LDIF: no line/);
    await fails({ ldif: 'dn: dc=fake,dc=test\njpegPhoto:< file:///etc/passwd\n' }, /not a line of LDIF/);
    await fails({ ldif: 'dn: uid=x,dc=fake,dc=test\nuid: x\n' }, /at uid=x,dc=fake,dc=test: noSuchObject/);
    expect((await start({ host: 'localhost' })).url).to.match(/^ldap:\/\/localhost:\d+$/);
    expect((await start({ host: '127.0.0.2' })).url).to.match(/^ldap:\/\/127.0.0.2:\d+$/);
  });

  it('reads folded lines, base64, comments and hashed passwords', async () => {
    const client = await boundClient(await start(), admin.dn, admin.password);
    const { searchEntries } = await client.search(`uid=ann,${suffix}`, { scope: 'base' });
    const [ann] = searchEntries;
    expect(ann).to.deep.include({ cn: 'Ann', sn: 'Anderson', mail: ['ann@fake.test', 'ann@elsewhere.test'] });
    expect(ann?.userPassword).to.match(/^\{SSHA\}/);
    expect(await codeOf(client.bind(`uid=bob,${suffix}`, 'bob-password'))).to.equal(0);
  });

  it('says of itself what it can do, before any bind', async () => {
    const { cert, key } = await selfSignedCertificate();
    for (const [tls, offered] of [
      [undefined, false],
      [{ cert, key }, true],
    ] as const) {
      const client = new Client({ url: (await start({ tls })).url });
      const { searchEntries } = await client.search('', { scope: 'base' });
      expect(searchEntries[0]).to.deep.include({ namingContexts: suffix, supportedLDAPVersion: '3' });
      expect([searchEntries[0]?.supportedExtension].flat().includes(START_TLS)).to.equal(offered);
      await client.unbind();
    }
  });

  it('answers filters that slapd answers only with a schema for them, or not at all', async () => {
    const client = await boundClient(await start(), admin.dn, admin.password);
    const inChain = '1.2.840.113556.1.4.1941';
    const filters: [string, string[]][] = [
      ['(employeeNumber>=10)', ['bob']],
      ['(employeeNumber<=9)', ['ann']],
      ['(sn>=b)', ['bob']],
      [`(memberOf:${inChain}:=cn=outer,${suffix})`, ['ann']],
      [`(&(uid=*)(memberOf:${inChain}:=cn=nothing,${suffix}))`, []],
      ['(:=anderson)', ['ann']],
      ['(uid:1.2.3.4:=ann)', []],
      ['(&(uid=*)(!(|(uid=ann)(cn=nobody))))', ['bob']],
    ];
    for (const [filter, expected] of filters) {
      const { searchEntries } = await client.search(suffix, { filter, attributes: ['uid'] });
      expect(
        searchEntries.flatMap(({ uid }) => [uid ?? []].flat()),
        filter,
      ).to.deep.equal(expected);
    }
    const { searchEntries } = await client.search(suffix, { filter: `(member:${inChain}:=uid=ann,${suffix})` });
    expect(searchEntries.map(({ cn }) => cn)).to.deep.equal(['inner', 'outer']);
  });

  it('lets people read, and change a little of their own', async () => {
    const server = await start();
    const ann = await boundClient(server, `uid=ann,${suffix}`, 'ann-password');
    const all: SearchOptions = { filter: '(userPassword=*)', attributes: ['*', '+'] };
    expect((await ann.search(suffix, all)).searchEntries).to.deep.equal([]);
    const { searchEntries } = await ann.search(`uid=bob,${suffix}`, {
      scope: 'base',
      attributes: ['*', 'userPassword'],
    });
    expect(searchEntries[0]).to.deep.include({ uid: 'bob', userPassword: [] });

    expect(await codeOf(ann.modify(`uid=ann,${suffix}`, replacing('mail', 'new@fake.test')))).to.equal(0);
    expect(await codeOf(ann.modify(`uid=ann,${suffix}`, replacing('uid', 'ann', 'root')))).to.equal(50);
    expect(await codeOf(ann.modify(`uid=ann,${suffix}`, []))).to.equal(50);
    expect(await codeOf(ann.modify(`uid=bob,${suffix}`, replacing('mail', 'x@fake.test')))).to.equal(50);
    expect(await codeOf(ann.del(`uid=bob,${suffix}`))).to.equal(50);
    expect(await codeOf(ann.add(`uid=x,${suffix}`, { objectClass: 'account', uid: 'x' }))).to.equal(50);
    expect(await codeOf(ann.modifyDN(`uid=ann,${suffix}`, 'uid=root'))).to.equal(50);
    expect(await codeOf(ann.modify(`uid=ann,${suffix}`, replacing('userPassword', 'another-password')))).to.equal(0);
    expect(await codeOf(ann.bind(`uid=ann,${suffix}`, 'ann-password'))).to.equal(49);
    expect(await codeOf(ann.bind(`uid=ann,${suffix}`, 'another-password'))).to.equal(0);
  });

  it('locks an account after so many failures in a row, for so long', async () => {
    let now = new Date('2030-01-01T00:00:00Z');
    const server = await start({ lockout: { maxFailures: 2, seconds: 60 }, now: () => now });
    const client = new Client({ url: server.url });
    const bind = (password: string) => codeOf(client.bind(`uid=ann,${suffix}`, password));
    expect([await bind('wrong'), await bind('ann-password'), await bind('wrong')]).to.deep.equal([49, 0, 49]);
    expect([await bind('wrong'), await bind('ann-password')]).to.deep.equal([49, 49]);
    now = new Date('2030-01-01T00:00:59Z');
    expect(await bind('ann-password')).to.equal(49);
    now = new Date('2030-01-01T00:01:01Z');
    expect(await bind('ann-password')).to.equal(0);
    await client.unbind();
  });

  it('keeps a large directory at hand', async () => {
    const people = Array.from({ length: 2000 }, (_, number) => `user${number}`);
    const entries = people.map(
      (uid) => `dn: uid=${uid},${suffix}\nobjectClass: inetOrgPerson\nuid: ${uid}\nuserPassword: x\n`,
    );
    const members = people.map((uid) => `member: uid=${uid},${suffix}`).join('\n');
    const started = performance.now();
    const server = await start({
      ldif: [SEED, ...entries, `dn: cn=all,${suffix}\nobjectClass: groupOfNames\ncn: all\n${members}\n`].join('\n'),
    });
    expect(performance.now() - started).to.be.lessThan(2000);
    const client = await boundClient(server, admin.dn, admin.password);
    expect(await codeOf(client.search(suffix, { filter: '(uid=*)' }))).to.equal(4);
    const { searchEntries } = await client.search(suffix, { filter: '(uid=*)', paged: true, attributes: ['memberOf'] });
    expect(searchEntries).to.have.length(2002);
    expect(await codeOf(client.del(`uid=user7,${suffix}`))).to.equal(0);
    const { searchEntries: groups } = await client.search(`cn=all,${suffix}`, { scope: 'base' });
    expect(groups[0]?.member).to.have.length(1999);
  });
});

describe('the embedded directory with the limits and the ids of Active Directory', () => {
  const guid = Buffer.from('00ff80c3a90d0a0b0c0d0e0f10111213', 'hex');
  const members = Array.from({ length: 25 }, (_, number) => `uid=m${number},${suffix}`);
  const ldif = [
    SEED,
    `dn: cn=big,${suffix}\nobjectClass: group\nobjectGUID:: ${guid.toString('base64')}`,
    ...members.map((dn) => `member: ${dn}`),
  ].join('\n');

  async function read(attributes: string[], maxValRange?: number) {
    const client = await boundClient(await start({ ldif, maxValRange }), admin.dn, admin.password);
    const explicitBufferAttributes = ['objectGUID'];
    const { searchEntries } = await client.search(`cn=big,${suffix}`, {
      scope: 'base',
      attributes,
      explicitBufferAttributes,
    });
    const { dn, ...values } = searchEntries[0] ?? { dn: '' };
    expect(dn).to.equal(`cn=big,${suffix}`);
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat()]));
  }

  it('sends the first values of a long attribute under the name of their range, beside an empty one', async () => {
    const ranged = { member: [], 'member;range=0-9': members.slice(0, 10) };
    expect(await read(['*'], 10)).to.deep.include(ranged);
    expect(await read(['member'], 25)).to.deep.equal({ member: members });
  });

  // Whose name is empty in what follows, the client has asked for and adds itself.
  it('sends the range that is asked for, and no more at once than its limit', async () => {
    const ranges: [asked: string, sent: Record<string, string[]>][] = [
      ['member;range=10-*', { 'member;range=10-*': [], 'member;range=10-19': members.slice(10, 20) }],
      ['member;range=20-*', { 'member;range=20-*': members.slice(20) }],
      ['member;range=5-7', { 'member;range=5-7': members.slice(5, 8) }],
      ['member;range=0-99', { 'member;range=0-99': [], 'member;range=0-9': members.slice(0, 10) }],
      ['member;range=15-24', { 'member;range=15-24': [], 'member;range=15-*': members.slice(15) }],
      ['member;range=25-*', { 'member;range=25-*': [] }],
    ];
    for (const [asked, sent] of ranges) expect(await read([asked], 10), asked).to.deep.equal(sent);
  });

  it('knows no ranges where it has no limit', async () => {
    expect(await read(['member;range=0-*'])).to.deep.equal({ 'member;range=0-*': [] });
    expect(await read(['member'])).to.deep.equal({ member: members });
  });

  it('keeps ids that are no text, and finds by them', async () => {
    expect(await read(['objectGUID'])).to.deep.equal({ objectGUID: [guid] });
    const client = await boundClient(await start({ ldif }), admin.dn, admin.password);
    const find = async (value: Buffer): Promise<string[]> => {
      const filter = new EqualityFilter({ attribute: 'objectGUID', value });
      return (await client.search(suffix, { filter })).searchEntries.map(({ cn }) => String(cn));
    };
    expect(await find(guid)).to.deep.equal(['big']);
    expect(await find(Buffer.from(guid.toString('utf8')))).to.deep.equal([]);
    expect(await find(Buffer.from(guid).reverse())).to.deep.equal([]);
  });

  it('sends pages no larger than its limit, however much is asked for', async () => {
    const client = await boundClient(await start({ sizeLimit: 2 }), admin.dn, admin.password);
    const sizes: number[] = [];
    for await (const { searchEntries } of client.searchPaginated(suffix, { paged: { pageSize: 1000 } })) {
      sizes.push(searchEntries.length);
    }
    expect(sizes).to.deep.equal([2, 2, 1]);
  });

  it('says in its root entry what it is told to', async () => {
    const capability = '1.2.840.113556.1.4.800';
    const client = new Client({ url: (await start({ capabilities: [capability] })).url });
    const { searchEntries } = await client.search('', { scope: 'base' });
    expect(searchEntries[0]).to.include({ supportedCapabilities: capability });
    await client.unbind();
  });
});

describe('a connection to the embedded directory', () => {
  /** Sends messages as they are, and collects the ids of the answers. */
  async function rawConnection(server: EmbeddedDirectory) {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    atEnd(async () => void socket.destroy());
    const ids: number[] = [];
    socket.on('error', () => undefined);
    const read = (): void => {
      socket.on(
        'data',
        messageSplitter(1_000_000, (message) => ids.push(berCursor(message).enter().integer())),
      );
    };
    return { socket, ids, read };
  }

  const compare = (messageId: number) =>
    new CompareRequest({ messageId, dn: `uid=ann,${suffix}`, attribute: 'uid', value: 'ann' }).write();
  const bind = (messageId: number) => new BindRequest({ messageId, ...admin }).write();

  it('gets its answers in the order of its requests, however many it sends before it reads', async () => {
    const { socket, ids, read } = await rawConnection(await start());
    const count = 20_000;
    socket.write(Buffer.concat([bind(1), ...Array.from({ length: count }, (_, index) => compare(index + 2))]));
    read();
    await eventually('all answers are there', () => ids.length === count + 1);
    expect(ids).to.deep.equal(Array.from({ length: count + 1 }, (_, index) => index + 1));
  });

  it('ends with an unbind, what cannot be read, or what is too long; and with the server', async () => {
    const server = await start();
    const endings = [
      new UnbindRequest({ messageId: 1 }).write(),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from('3084ffffffff', 'hex'),
      Buffer.from('3083100001', 'hex'),
      Buffer.from('3005020101 6300'.replaceAll(' ', ''), 'hex'),
    ];
    for (const ending of endings) {
      const { socket } = await rawConnection(server);
      socket.resume().write(ending);
      await once(socket, 'close');
    }
    const { socket, ids, read } = await rawConnection(server);
    read();
    socket.write(bind(5));
    await eventually('the others go on', () => ids.length === 1);
    await Promise.all([once(socket, 'close'), server.close()]);
  });

  it('refuses what came in plain text behind StartTLS, and a second StartTLS', async () => {
    const { cert, key } = await selfSignedCertificate();
    const server = await start({ tls: { cert, key } });
    const { socket, ids, read } = await rawConnection(server);
    read();
    const startTls = new ExtendedRequest({ messageId: 1, oid: START_TLS }).write();
    socket.write(Buffer.concat([startTls, bind(2)]));
    await eventually('both are answered, still in plain text', () => ids.length === 2);

    const client = new Client({ url: server.url });
    await client.startTLS({ ca: cert, host: '127.0.0.1' });
    await client.bind(admin.dn, admin.password);
    expect(await codeOf(client.exop(START_TLS))).to.equal(1);
    await client.unbind();
  });
});
