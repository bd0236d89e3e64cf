import { expect } from 'chai';

import type { Directory } from '../../src/directory/directory.ts';
import { writeEntry } from '../../src/demo/directory/responses.ts';
import { freePort } from '../support/ports.ts';
import {
  answeringServer,
  answerWell,
  directoryAt,
  expectUnavailable,
  fakeServer,
  reference,
  result,
} from './directory-fake-server.ts';

const ann = { stableId: 'x', dn: 'uid=ann,dc=fake,dc=test', username: 'ann', profile: {}, state: 'enabled' as const };

/** Every operation ends in the same fault, and soon. */
async function expectNothingWorks(directory: Directory, reason: RegExp): Promise<void> {
  const operations = [
    () => directory.find('ann'),
    () => directory.bind(ann, 'ann-password'),
    () => directory.bindNobody('ann-password'),
    () => directory.findByStableId('x'),
    () => directory.groupsOf(ann),
  ];
  for (const operation of operations) {
    const started = performance.now();
    await expectUnavailable(operation(), reason);
    expect(performance.now() - started).to.be.lessThan(1000);
  }
}

describe('a directory whose server', () => {
  it('is not there', async () => {
    await expectNothingWorks(directoryAt([`ldap://127.0.0.1:${await freePort()}`]), /ECONNREFUSED/);
  });

  it('accepts and never answers', async () => {
    const silent = await fakeServer(() => undefined);
    await expectNothingWorks(directoryAt([silent.url], { operationTimeoutMs: 5000 }), /no answer in time/);
    await expectNothingWorks(directoryAt([silent.url], { tls: { mode: 'starttls' } }), /no answer in time/);
    const ldaps = silent.url.replace('ldap:', 'ldaps:');
    await expectNothingWorks(directoryAt([ldaps], { tls: { mode: 'ldaps' } }), /no answer in time/);
  });

  it('hangs up at once, or after the first request', async () => {
    const hangingUp = /closed|ECONNRESET|EPIPE/;
    const rude = await fakeServer((socket) => socket.end());
    await expectNothingWorks(directoryAt([rude.url]), hangingUp);
    await expectNothingWorks(directoryAt([rude.url], { tls: { mode: 'starttls' } }), hangingUp);
    const curt = await answeringServer((_request, socket) => socket.destroy());
    await expectNothingWorks(directoryAt([curt.url]), hangingUp);
  });

  it('takes the service account and then never answers', async () => {
    const halting = await answeringServer((request, socket) => {
      if (request.operation.kind === 'bind' && request.id === 1) answerWell(request, socket);
    });
    await expectNothingWorks(directoryAt([halting.url]), /no answer in time/);
  });

  it('says something about itself instead of the account', async () => {
    for (const code of [1, 10, 51, 52, 80]) {
      const ailing = await answeringServer(({ id, operation }, socket) => {
        if (id === 1) socket.write(result(id, 0x61, 0));
        else socket.write(result(id, operation.kind === 'bind' ? 0x61 : 0x65, code));
      });
      await expectNothingWorks(directoryAt([ailing.url]), new RegExp(`LDAP result ${code}`));
    }
  });
});

describe('a connection whose server sends', () => {
  const messages: [what: string, hex: string, reason: RegExp][] = [
    ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request').toString('hex'), /does not begin with a SEQUENCE/],
    ['an indefinite length', '3080', /in a form LDAP does not use/],
    ['a length of ten bytes', '308affffffffffffffffffff', /in a form LDAP does not use/],
    ['an absurd length', '3084ffffffff', /claims 4294967301 bytes/],
    ['a length past the end', '300c 020101 6184 7fffffff 0a0100', /malformed/],
    ['a negative length', '300c 020101 6184 fffffff0 0a0100', /malformed/],
    ['a result without a code', '3005 020101 6100', /malformed/],
    ['a code of no bytes', '300b 020101 6106 0a00 0400 0400', /malformed/],
    ['an operation of its own', '3005 020101 6f00', /nobody asked for/],
    ['an answer to nothing', '300c 02017f 6107 0a0100 0400 0400', /not in flight/],
    ['an answer of another kind', '300c 020101 6507 0a0100 0400 0400', /a search answer to another request/],
    ['a farewell', '300c 020100 7807 0a0134 0400 0400', /not in flight/],
  ];
  for (const [what, hex, reason] of messages) {
    it(`${what} ends, and only it`, async () => {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      const server = await answeringServer((_request, socket) => socket.write(bytes));
      await expectUnavailable(directoryAt([server.url]).find('ann'), reason);
    });
  }

  it('an entry with endless values ends', async () => {
    const endless = '3018 020102 6413 040161 300e 300c 040162 3184 7fffffff 040178'.replaceAll(' ', '');
    const server = await answeringServer((request, socket) => {
      if (request.operation.kind === 'bind') answerWell(request, socket);
      else socket.write(Buffer.from(endless, 'hex'));
    });
    await expectUnavailable(directoryAt([server.url]).find('ann'), /malformed/);
  });

  it('entries without end is cut off at the limit', async () => {
    let sent = 0;
    const server = await answeringServer((request, socket) => {
      if (request.operation.kind === 'bind') {
        answerWell(request, socket);
        return;
      }
      const attributes = [{ name: 'uid', values: ['x'.repeat(1000)] }];
      const entry = writeEntry(request.id, { dn: 'uid=ann', attributes });
      const pour = (): void => {
        do sent += entry.length;
        while (socket.write(entry) && sent < 50_000_000);
        socket.once('drain', pour);
      };
      pour();
    });
    const directory = directoryAt([server.url], { maxResponseBytes: 100_000, operationTimeoutMs: 5000 });
    await expectUnavailable(directory.find('ann'), /more than 100000 bytes/);
    expect(sent).to.be.lessThan(50_000_000);
  });

  it('references to elsewhere takes nobody there', async () => {
    const server = await answeringServer((request, socket) => {
      if (request.operation.kind === 'search') socket.write(reference(request.id, 'ldap://127.0.0.1:1/dc=elsewhere'));
      answerWell(request, socket);
    });
    const found = await directoryAt([server.url]).find('ann');
    expect(found.ok && found.value.username).to.equal('ann');
  });

  it('its answers byte by byte is understood', async () => {
    const server = await answeringServer((request, socket) => {
      const answers = [...result(request.id, request.operation.kind === 'bind' ? 0x61 : 0x65, 0)];
      for (const byte of answers) socket.write(Buffer.from([byte]));
    });
    expect(await directoryAt([server.url]).find('ann')).to.deep.equal({ ok: false, reason: 'unknown' });
  });
});

describe('a directory with several servers', () => {
  it('asks the next when one is down, hangs, or refuses the service account', async () => {
    const alive = await answeringServer(answerWell);
    const silent = await fakeServer(() => undefined);
    const refusing = await answeringServer(({ id }, socket) => socket.write(result(id, 0x61, 49)));
    for (const broken of [`ldap://127.0.0.1:${await freePort()}`, silent.url, refusing.url]) {
      const directory = directoryAt([broken, alive.url]);
      const started = performance.now();
      expect((await directory.find('ann')).ok).to.equal(true);
      expect(await directory.bind(ann, 'ann-password')).to.deep.equal({ ok: true, value: {} });
      expect(performance.now() - started).to.be.lessThan(1000);
    }
  });

  it('tells an observer what was asked of whom, for how long, and whether an answer came', async () => {
    const dead = `ldap://127.0.0.1:${await freePort()}`;
    const halting = await answeringServer((request, socket) => {
      if (request.operation.kind === 'bind') answerWell(request, socket);
    });
    const seen: unknown[] = [];
    const directory = directoryAt([dead, halting.url], {}, (operation, server, seconds, ok) => {
      expect(seconds).to.be.within(0, 1);
      seen.push([operation, server, ok]);
    });
    await expectUnavailable(directory.find('ann'), /no answer in time/);
    expect(seen).to.deep.equal([
      ['connect', dead.slice(7), false],
      ['connect', halting.url.slice(7), true],
      ['bind', halting.url.slice(7), true],
      ['search', halting.url.slice(7), false],
    ]);
  });

  it('goes over to the next when one hangs later', async () => {
    let hanging = false;
    const first = await answeringServer((request, socket) => {
      if (!hanging) answerWell(request, socket);
    });
    const second = await answeringServer(answerWell);
    const directory = directoryAt([first.url, second.url]);
    expect((await directory.bind(ann, 'ann-password')).ok).to.equal(true);
    expect((await directory.find('ann')).ok).to.equal(true);
    expect(second.connections).to.have.length(0);
    hanging = true;
    expect((await directory.find('ann')).ok).to.equal(true);
    expect((await directory.bind(ann, 'ann-password')).ok).to.equal(true);
    expect(second.connections).to.have.length(2);
  });

  it('says what each of them did when none answers', async () => {
    const [one, two] = [`ldap://127.0.0.1:${await freePort()}`, `ldap://127.0.0.1:${await freePort()}`];
    const both = new RegExp(`${one.slice(7)}: .*ECONNREFUSED.*; ${two.slice(7)}: .*ECONNREFUSED`);
    await expectUnavailable(directoryAt([one, two]).find('ann'), both);
    const probes = await directoryAt([one, two]).probe();
    expect(probes.map(({ step, server, ok }) => [step, server, ok])).to.deep.equal([
      ['connect', one.slice(7), false],
      ['connect', two.slice(7), false],
    ]);
  });
});

describe('a directory whose server hung up on idle connections', () => {
  it('is asked again, once, on a fresh one', async () => {
    const server = await answeringServer(answerWell);
    const directory = directoryAt([server.url]);
    expect((await directory.find('ann')).ok).to.equal(true);
    expect((await directory.bind(ann, 'ann-password')).ok).to.equal(true);
    for (const socket of server.connections) socket.destroy();
    expect((await directory.find('ann')).ok).to.equal(true);
    expect((await directory.bind(ann, 'ann-password')).ok).to.equal(true);
    expect(server.connections).to.have.length(4);
  });

  it('is asked again where the connection dies under the request', async () => {
    let dying = true;
    const server = await answeringServer((request, socket) => {
      // The first search passes, the second finds the connection dead.
      if (request.id === 3 && dying) socket.destroy();
      else answerWell(request, socket);
    });
    const directory = directoryAt([server.url]);
    expect((await directory.find('ann')).ok).to.equal(true);
    expect((await directory.find('ann')).ok).to.equal(true);
    expect(server.connections).to.have.length(2);
    dying = false;
    expect((await directory.find('ann')).ok).to.equal(true);
    expect(server.connections).to.have.length(2);
  });
});
