import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

import { createHttpSmsChannel } from '../../src/delivery/sms-http.ts';
import { smsSettings } from '../../src/delivery/sms-settings.ts';
import { failureOf } from '../support/delivery.ts';
import { freePort } from '../support/ports.ts';

const SMS = { to: '+41791234567', text: 'Your code & more = "123456"\n{to}\\ é✓\n@id.example.com #123456' };
const ID = '01890000-0000-7000-8000-000000000001';

describe('text messages by a gateway', () => {
  let server: Server;
  let port: number;
  let received: { method: string; headers: IncomingHttpHeaders; body: string }[] = [];
  let answer: (response: ServerResponse) => void;

  before(async () => {
    port = await freePort();
    server = createServer((request, response) => {
      void text(request).then((body) => {
        received.push({ method: request.method ?? '', headers: request.headers, body });
        answer(response);
      });
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    received = [];
    answer = (response) => response.end('{"status":"queued"}');
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  function channel(settings: Record<string, unknown> = {}, timeoutMs?: number) {
    const given = {
      provider: 'http',
      url: `http://127.0.0.1:${port}/messages`,
      body: 'To={to}&Body={text}',
      ...settings,
    };
    const parsed = smsSettings.parse(given);
    if (parsed.provider !== 'http') throw new Error('expected settings of a gateway');
    return createHttpSmsChannel(parsed, timeoutMs);
  }
  const send = (settings?: Record<string, unknown>, timeoutMs?: number, signal = AbortSignal.timeout(5000)) =>
    channel(settings, timeoutMs).send(SMS, ID, signal);
  const status = (code: number) => {
    answer = (response) => response.writeHead(code, { location: '/messages' }).end(SMS.text);
  };

  it('posts a form, in which nothing of the message adds a field', async () => {
    await send({ body: 'To={to}&From=+12025550100&Body={text}&Kind=a=b' });
    const [request] = received;
    expect(request?.method).to.equal('POST');
    expect(request?.headers).to.include({ 'content-type': 'application/x-www-form-urlencoded' });
    expect(request?.headers).to.not.have.property('authorization');
    expect([...new URLSearchParams(request?.body)]).to.deep.equal([
      ['To', SMS.to],
      ['From', '+12025550100'],
      ['Body', SMS.text],
      ['Kind', 'a=b'],
    ]);
  });

  it('posts JSON, in which nothing of the message adds a member', async () => {
    const body = '{ "messages": [{ "to": "{to}", "text": "Acme: {text}" }], "priority": 1 }';
    await send({ format: 'json', method: 'PUT', body });
    expect(received[0]?.method).to.equal('PUT');
    expect(received[0]?.headers).to.include({ 'content-type': 'application/json' });
    expect(JSON.parse(received[0]?.body ?? '')).to.deep.equal({
      messages: [{ to: SMS.to, text: `Acme: ${SMS.text}` }],
      priority: 1,
    });
  });

  it('signs in as it is told to', async () => {
    await send({ authorization: 'Bearer secret', headers: { 'X-Account': 'acme' } });
    await send({ username: 'acme', password: 'p:ä' });
    expect(received[0]?.headers).to.include({ authorization: 'Bearer secret', 'x-account': 'acme' });
    expect(received[1]?.headers.authorization).to.equal(`Basic ${Buffer.from('acme:p:ä').toString('base64')}`);
  });

  it('takes any 2xx for sent, or what is configured', async () => {
    status(201);
    await send();
    expect((await failureOf(send({ sentStatus: [202] }))).message).to.equal('HTTP 201');
    status(202);
    await send({ sentStatus: [202] });
  });

  for (const [code, permanent] of [
    [400, true],
    [422, true],
    [302, false],
    [401, false],
    [404, false],
    [429, false],
    [500, false],
    [503, false],
  ] as const) {
    it(`${permanent ? 'gives up' : 'may try again'} after ${code}, and quotes nothing`, async () => {
      status(code);
      expect(await failureOf(send())).to.include({ message: `HTTP ${code}`, permanent });
      expect(received.length).to.equal(1);
    });
  }

  it('waits no longer than it may', async () => {
    answer = () => undefined;
    expect(await failureOf(send({}, 200))).to.include({ message: 'TimeoutError', permanent: false });
    const aborted = new AbortController();
    const sending = send({}, undefined, aborted.signal);
    aborted.abort();
    expect(await failureOf(sending)).to.include({ message: 'AbortError', permanent: false });
  });

  it('reports a connection that drops, and a port where nobody listens', async () => {
    answer = (response) => response.socket?.destroy();
    expect(await failureOf(send())).to.include({ permanent: false });
    const url = `http://127.0.0.1:${await freePort()}/`;
    expect(await failureOf(send({ url }))).to.include({ message: 'ECONNREFUSED', permanent: false });
  });
});
