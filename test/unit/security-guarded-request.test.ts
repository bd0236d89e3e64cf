import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

import { expect } from 'chai';

import { AnswerTooLargeError, UnsafeAddressError, createGuardedRequest } from '../../src/security/guarded-request.ts';
import type { Lookup, OutgoingRequest } from '../../src/security/guarded-request.ts';
import { isSpecialAddress } from '../../src/security/special-addresses.ts';
import { selfSignedCertificate } from '../support/tls-certificate.ts';

describe('a request to where somebody else points', () => {
  let server: Server;
  let port: number;
  const received: string[] = [];

  before(async () => {
    server = createServer((request, response) => {
      received.push(`${request.method ?? ''} ${request.url ?? ''}`);
      if (request.url === '/away') response.writeHead(302, { location: '/elsewhere' });
      if (request.url === '/large') response.write('x'.repeat(100_000));
      if (request.url === '/silent') return;
      response.end('hello');
    });
    await new Promise<void>((resolve) => server.listen(0, '::', resolve));
    const address = server.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });
  beforeEach(() => received.splice(0));
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const request = (parts: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
    method: 'POST',
    headers: {},
    body: 'hello',
    signal: AbortSignal.timeout(5_000),
    mostBytes: 1_000,
    ...parts,
  });
  const failure = (sending: Promise<unknown>) =>
    sending.then(
      () => undefined,
      (error: unknown) => error,
    );
  const at = (host: string, path = '/') => new URL(`http://${host}:${String(port)}${path}`);
  /** A name server that says so, one answer after the other. */
  const answering =
    (...answers: string[][]): Lookup =>
    (_hostname, _options, callback) => {
      const [addresses = []] = answers.length > 1 ? answers.splice(0, 1) : answers;
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };

  const loopback = [
    ...[
      '127.0.0.1',
      '127.1',
      '127.0.1',
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '0177.0.0.1',
      '017700000001',
      '127.255.0.9',
    ],
    ...[
      '0.0.0.0',
      '0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:127.0.0.1]',
      '[::127.0.0.1]',
    ],
    ...[
      '[64:ff9b::127.0.0.1]',
      '[64:ff9b:1::7f00:1]',
      '[2002:7f00:1::]',
      'localhost',
      'LOCALHOST',
      'localhost.',
      '①②⑦.⓪.⓪.①',
    ],
  ];
  for (const host of loopback) {
    it(`does not leave for this machine, called ${host}`, async () => {
      const guard = createGuardedRequest({ allowHosts: [] });
      expect(guard.isUnsafe(at(host))).to.equal(true);
      expect(await failure(guard.send(at(host), request()))).to.be.instanceOf(UnsafeAddressError);
      expect(received).to.deep.equal([]);
    });
  }

  it('does not leave for addresses that are nobody’s to point to, and leaves for others', () => {
    const special = [
      ...[
        '10.1.2.3',
        '172.16.0.1',
        '172.31.255.255',
        '192.168.1.1',
        '169.254.169.254',
        '100.64.0.1',
        '100.100.100.200',
      ],
      ...['192.0.0.192', '168.63.129.16', '198.18.0.1', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255'],
      ...[
        'fc00::1',
        'fd00:ec2::254',
        'fe80::1',
        'fe80::1%eth0',
        'febf::1',
        'fec0::1',
        'ff02::1',
        '2001::1',
        '2001:db8::1',
      ],
      ...['::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1', '3fff::1', '100::1', 'no address', ''],
    ];
    expect(special.filter((address) => !isSpecialAddress(address))).to.deep.equal([]);
    const ordinary = ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '192.169.0.1', '223.255.255.1'];
    expect(
      [...ordinary, '2606:4700:4700::1111', '2a00:1450:4001:800::200e', '2001:4860:4860::8888'].filter(
        isSpecialAddress,
      ),
    ).to.deep.equal([]);
  });

  /** IANA's special-purpose registries, row by row, and what carries an IPv4 address besides; the last address of each. */
  const registered = {
    'this network': ['0.0.0.0', '0.255.255.255'],
    'private use': ['10.255.255.255', '172.31.255.255', '192.168.255.255'],
    'shared address space': ['100.127.255.255'],
    loopback: ['127.255.255.255', '::1'],
    'link-local': ['169.254.255.255', 'febf:ffff::1'],
    'protocol assignments': ['192.0.0.8', '192.0.0.9', '192.0.0.10', '192.0.0.170', '192.0.0.255', '2001:1ff:ffff::1'],
    documentation: ['192.0.2.255', '198.51.100.255', '203.0.113.255', '2001:db8:ffff::1', '3fff:fff:ffff::1'],
    AS112: ['192.31.196.255', '192.175.48.255', '2001:4:112::1', '2620:4f:8000:ffff::1'],
    AMT: ['192.52.193.255', '2001:3:ffff::1'],
    '6to4 relays': ['192.88.99.2', '192.88.99.255'],
    benchmarking: ['198.19.255.255', '2001:2:0:ffff::1'],
    'multicast, reserved and broadcast': ['239.255.255.255', '255.255.255.254', '255.255.255.255', 'ff0e::1'],
    unspecified: ['::'],
    'mapped and compatible IPv4': ['::ffff:8.8.8.8', '::8.8.8.8'],
    'IPv4-translated': ['::ffff:0:127.0.0.1', '::ffff:0:808:808'],
    NAT64: ['64:ff9b::8.8.8.8', '64:ff9b:1:ffff::8.8.8.8'],
    'discarded and dummy': ['100::ffff', '100:0:0:1::1'],
    'Teredo, ORCHID and DETs': ['2001:0:ffff::1', '2001:1f::1', '2001:2f:ffff::1', '2001:3f:ffff::1'],
    'port control and TURN anycast': ['2001:1::1', '2001:1::2', '2001:1::3'],
    '6to4': ['2002:7f00:1::', '2002:ffff::1'],
    'segment routing': ['5f00:ffff::1'],
    'unique-local and site-local': ['fdff::1', 'feff::1'],
    ISATAP: [
      ...['2a00::5efe:127.0.0.1', '2a00:1:2:3:0:5efe:7f00:1', '2a00:1:2:3:200:5efe:7f00:1', '2a00:1:2:3:0:5efe::'],
      ...['2a00:1:2:3:0000:5EFE:10.0.0.1', 'fe80::5efe:10.0.0.1'],
    ],
    'what nobody has been given': ['1000::1', '4000::1', 'a000::1'],
  };
  for (const [what, addresses] of Object.entries(registered)) {
    it(`does not leave for ${what}`, () => {
      expect(addresses.filter((address) => !isSpecialAddress(address))).to.deep.equal([]);
    });
  }

  it('leaves for what lies beside them', () => {
    const beside = [
      ...['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.128.0.0', '128.0.0.0', '169.255.0.0', '172.32.0.0', '192.0.1.0'],
      ...['192.88.100.0', '198.20.0.0', '203.0.114.0', '223.255.255.255'],
      ...['2001:200::1', '2001:db7::1', '2003::1', '2620:4f:8001::1', '2a00:1:2:3:1:5efe:7f00:1', '2a00:5efe::1'],
    ];
    expect(beside.filter(isSpecialAddress)).to.deep.equal([]);
  });

  for (const addresses of [['127.0.0.1'], ['::1'], ['10.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['::ffff:127.0.0.1'], []]) {
    it(`does not leave for a name that is at ${addresses.join(' and ') || 'nothing'}`, async () => {
      const guard = createGuardedRequest({ allowHosts: [], lookup: answering(addresses) });
      expect(await failure(guard.send(at('hooks.example'), request()))).to.be.instanceOf(UnsafeAddressError);
      expect(received).to.deep.equal([]);
    });
  }

  it('connects to the address that was looked at, whatever the name server says next', async () => {
    let asked = 0;
    const rebinding = answering(['1.1.1.1'], ['127.0.0.1']);
    const lookup: Lookup = (...parameters) => {
      asked += 1;
      rebinding(...parameters);
    };
    const guard = createGuardedRequest({ allowHosts: [], lookup });
    // Nobody answers at this port of that address, if it can be reached at all.
    const first = await failure(guard.send(at('hooks.example'), request({ signal: AbortSignal.timeout(300) })));
    expect(first).to.be.an('error').and.not.to.be.instanceOf(UnsafeAddressError);
    expect(asked).to.equal(1);
    expect(await failure(guard.send(at('hooks.example'), request()))).to.be.instanceOf(UnsafeAddressError);
    expect(received).to.deep.equal([]);
  });

  it('does not leave for localhost by way of the system’s own name server', async () => {
    const guard = createGuardedRequest({ allowHosts: [] });
    expect(await failure(guard.send(at('sub.localhost'), request()))).to.be.an('error');
    expect(received).to.deep.equal([]);
  });

  describe('at a host that the operator allows', () => {
    const guard = createGuardedRequest({ allowHosts: ['LocalHost', '127.0.0.1'] });

    it('arrives', async () => {
      const { status, body } = await guard.send(at('localhost'), request());
      expect({ status, body: String(body) }).to.deep.equal({ status: 200, body: 'hello' });
      expect(guard.isUnsafe(at('localhost.'))).to.equal(false);
      expect(guard.isUnsafe(at('127.0.0.2'))).to.equal(true);
    });

    it('does not go where it is sent on to', async () => {
      const { status } = await guard.send(at('127.0.0.1', '/away'), request());
      expect(status).to.equal(302);
      expect(received).to.deep.equal(['POST /away']);
    });

    it('trusts no certificate that nobody vouches for', async () => {
      const secure = createSecureServer(await selfSignedCertificate('localhost'), (_request, response) =>
        response.end(),
      );
      await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
      const address = secure.address();
      const url = new URL(`https://127.0.0.1:${String(typeof address === 'object' && address ? address.port : 0)}/`);
      expect(await failure(guard.send(url, request()))).to.include({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      secure.close();
    });

    it('takes no answer that is too large, nor one that never comes', async () => {
      expect(await failure(guard.send(at('127.0.0.1', '/large'), request()))).to.be.instanceOf(AnswerTooLargeError);
      const { mostBytes: _, ...unread } = request();
      const { status } = await guard.send(at('127.0.0.1', '/large'), unread);
      expect(status).to.equal(200);
      const signal = AbortSignal.timeout(100);
      const silent = await failure(guard.send(at('127.0.0.1', '/silent'), request({ signal })));
      expect(silent).to.be.an('error');
    });
  });
});
