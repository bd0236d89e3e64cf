import { expect } from 'chai';
import type { Middleware } from 'koa';
import { clientAddress } from '../../src/http/client-address.ts';
import { handleErrors } from '../../src/http/error-handler.ts';
import { requireHost } from '../../src/http/public-host.ts';
import { ask, closeAll, serve, silentLog } from './http-fixture.ts';

const tell: Middleware = (ctx) => {
  const forwarding = Object.entries(ctx.headers).filter(([name]) => /forwarded|real-ip|original|rewrite/.test(name));
  ctx.body = { ip: ctx.ip, protocol: ctx.protocol, host: ctx.host, forwarding: Object.fromEntries(forwarding) };
};

const poison = {
  Forwarded: 'for=203.0.113.9;host=evil.example;proto=https',
  'X-Forwarded-For': '203.0.113.9',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'https',
  'X-Real-IP': '203.0.113.9',
  'X-Original-URL': '/admin',
};

describe('clientAddress', () => {
  afterEach(closeAll);

  async function told(trusted: string[], headers: Record<string, string>): Promise<Record<string, unknown>> {
    const { url } = await serve([clientAddress(trusted), tell]);
    return JSON.parse((await ask(url, { headers })).body);
  }

  it('believes nobody without a configured proxy', async () => {
    const seen = await told([], { ...poison, Host: 'id.example.com' });
    expect(seen).to.deep.equal({
      ip: '127.0.0.1',
      protocol: 'http',
      host: 'id.example.com',
      forwarding: { 'x-forwarded-for': '127.0.0.1' },
    });
  });

  it('does not believe a peer that is none of the configured proxies', async () => {
    const seen = await told(['10.0.0.0/8'], { ...poison, Host: 'id.example.com' });
    expect(seen).to.include({ ip: '127.0.0.1', protocol: 'http', host: 'id.example.com' });
  });

  it('believes a configured proxy about address, protocol and host', async () => {
    const seen = await told(['127.0.0.0/8'], {
      'X-Forwarded-For': '198.51.100.7',
      'X-Forwarded-Host': 'id.example.com',
      'X-Forwarded-Proto': 'https',
    });
    expect(seen).to.include({ ip: '198.51.100.7', protocol: 'https', host: 'id.example.com' });
  });

  it('takes the nearest address that is no proxy, whatever the client wrote before it', async () => {
    const seen = await told(['127.0.0.1', '10.0.0.0/8'], { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7, 10.1.2.3' });
    expect(seen).to.deep.include({ ip: '198.51.100.7', forwarding: { 'x-forwarded-for': '198.51.100.7' } });
  });

  for (const [written, address] of [
    ['198.51.100.7:4711', '198.51.100.7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['<script>', '127.0.0.1'],
    ['unknown', '127.0.0.1'],
  ] as const) {
    it(`reads ${written} from a proxy as ${address}`, async () => {
      expect(await told(['127.0.0.1'], { 'X-Forwarded-For': written })).to.include({ ip: address });
    });
  }

  it('ignores a protocol that is none, also from a proxy', async () => {
    expect(await told(['127.0.0.1'], { 'X-Forwarded-Proto': 'javascript' })).to.include({ protocol: 'http' });
  });

  it('refuses a proxy that is no address when it is configured', () => {
    expect(() => clientAddress(['proxy.example.com'])).to.throw(TypeError);
  });
});

describe('requireHost', () => {
  afterEach(closeAll);

  async function statusFor(headers: Record<string, string>, trusted: string[] = []): Promise<number> {
    const { url } = await serve([
      clientAddress(trusted),
      handleErrors({ renderErrorPage: () => '', log: silentLog }),
      requireHost((host) => host === 'id.example.com'),
      tell,
    ]);
    const { status, body, headers: answered } = await ask(url, { headers });
    if (status !== 200) expect(body + JSON.stringify(answered)).not.to.match(/evil/);
    return status;
  }

  it('lets a public host pass, in any case and with the default port', async () => {
    expect(await statusFor({ Host: 'id.example.com' })).to.equal(200);
    expect(await statusFor({ Host: 'ID.Example.com:80' })).to.equal(200);
    expect(
      await statusFor({ Host: 'inner:3000', 'X-Forwarded-Host': 'id.example.com:443', 'X-Forwarded-Proto': 'https' }, [
        '127.0.0.1',
      ]),
    ).to.equal(200);
  });

  for (const host of [
    'evil.example',
    'id.example.com.evil.example',
    'evil@id.example.com',
    'id.example.com:3000',
    'id.example.com/evil',
    '[::1',
    '',
  ]) {
    it(`answers 421 to the host "${host}" and reflects nothing of it`, async () => {
      expect(await statusFor({ Host: host })).to.equal(421);
    });
  }

  it('takes no X-Forwarded-Host from a stranger for the host', async () => {
    expect(await statusFor({ Host: 'evil.example', 'X-Forwarded-Host': 'id.example.com' })).to.equal(421);
  });

  it('checks the host that a trusted proxy names', async () => {
    expect(await statusFor({ Host: 'id.example.com', 'X-Forwarded-Host': 'evil.example' }, ['127.0.0.1'])).to.equal(
      421,
    );
  });
});
