import { expect } from 'chai';

import { writeEntry, writeResult } from '../../src/demo/directory/responses.ts';
import type { Directory } from '../../src/directory/directory.ts';
import type { Observe } from '../../src/directory/ldap/exchange.ts';
import { eventually } from '../support/eventually.ts';
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

  it('sends a byte now and then, and never a whole answer in time', async () => {
    const answer = result(1, 0x61, 0);
    // A handshake message of 16,384 bytes (RFC 8446 5.1), so that what follows is waited for.
    const record = Buffer.concat([Buffer.from('1603034000', 'hex'), Buffer.alloc(100)]);
    const startTls = Buffer.concat([Buffer.from('308200ff', 'hex'), Buffer.alloc(100)]);
    for (const [mode, bytes] of [
      ['none', answer],
      ['starttls', startTls],
      ['ldaps', record],
    ] as const) {
      const trickling = await fakeServer((socket) => {
        let sent = 0;
        const timer = setInterval(() => socket.write(bytes.subarray(sent, ++sent)), 50);
        socket.on('close', () => clearInterval(timer));
      });
      const url = mode === 'ldaps' ? trickling.url.replace('ldap:', 'ldaps:') : trickling.url;
      await expectNothingWorks(directoryAt([url], { tls: { mode } }), /no answer in time/);
    }
  });

  it('sends an entry a byte now and then', async () => {
    const trickling = await answeringServer((request, socket) => {
      if (request.operation.kind === 'bind') {
        answerWell(request, socket);
        return;
      }
      const entry = writeEntry(request.id, {
        dn: 'uid=ann',
        attributes: [{ name: 'uid', values: ['x'.repeat(1000)] }],
      });
      let sent = 0;
      const timer = setInterval(() => socket.write(entry.subarray(sent, ++sent)), 50);
      socket.on('close', () => clearInterval(timer));
    });
    const started = performance.now();
    await expectUnavailable(directoryAt([trickling.url]).find('ann'), /search: no answer in time/);
    expect(performance.now() - started).to.be.lessThan(1000);
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

  it('pages without end is left alone when the time is over', async () => {
    const paging = '1.2.840.113556.1.4.319';
    // RFC 2696 2: an estimate of 0, and a cookie that asks for more.
    const value = Buffer.from('3006020100040178', 'hex');
    let pages = 0;
    const server = await answeringServer((request, socket) => {
      if (request.operation.kind === 'bind') answerWell(request, socket);
      else if (request.controls.length === 0) socket.write(result(request.id, 0x65, 4));
      else {
        pages += 1;
        const page = writeResult(request.id, 'search', { code: 'success', controls: [{ oid: paging, value }] });
        setTimeout(() => socket.write(page), 20);
      }
    });
    await expectUnavailable(directoryAt([server.url]).groupsOf(ann), /no answer in time/);
    expect(pages).to.be.greaterThan(1);
    const [, ofItsOwn] = server.connections;
    await eventually('the connection is closed', () => ofItsOwn?.destroyed);
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
    const told: string[] = [];
    const observe: Observe = ({ operation, server, seconds, ok, describe }) => {
      seen.push([operation, server, ok, seconds >= 0 && seconds < 1]);
      const { asked, answered } = describe();
      told.push(`${asked} -> ${answered}`);
    };
    const directory = directoryAt([dead, halting.url], {}, { observe });
    await expectUnavailable(directory.find('ann'), /no answer in time/);
    const connecting = ['connect', dead.slice(7), false, true];
    expect(seen.slice(0, 2)).to.deep.equal([connecting, connecting], 'the search, and the check that follows at once');
    expect(seen.slice(2, 5)).to.deep.equal([
      ['connect', halting.url.slice(7), true, true],
      ['bind', halting.url.slice(7), true, true],
      ['search', halting.url.slice(7), false, true],
    ]);
    expect(told[1]).to.match(/^TCP connection to .* -> connect ECONNREFUSED/);
    expect(told[3]).to.equal('bind as cn=service,dc=fake,dc=test -> LDAP result 0');
    expect(told[4]).to.match(
      /^search sub of "dc=fake,dc=test" for \(&.*\(uid=ann\).*: entryUUID, .* -> search: no answer/,
    );
    expect(told.join()).not.to.contain('service-password');
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
