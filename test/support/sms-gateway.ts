// A gateway for text messages behind HTTPS, as those are who are not Amazon; it can be told to misbehave.

import { once } from 'node:events';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';

import { z } from 'zod';

import { freePort } from './ports.ts';
import type { TlsCertificate } from './tls-certificate.ts';

export interface TestSmsGateway {
  /** For `startSallyport`'s `server`; the process has to trust the certificate. */
  readonly settings: object;
  readonly received: { to: string; text: string }[];
  /** The status of its answers from now on; 202 at first. */
  answer(status: number): void;
  stop(): Promise<void>;
}

const AUTHORIZATION = 'Bearer of-the-tests';
const message = z.strictObject({ to: z.string(), text: z.string() });

export async function startSmsGateway(certificate: TlsCertificate): Promise<TestSmsGateway> {
  const port = await freePort();
  const received: TestSmsGateway['received'] = [];
  let status = 202;
  const server = createServer(certificate, (request, response) => {
    void text(request).then((body) => {
      const isKnown = request.headers.authorization === AUTHORIZATION;
      if (isKnown && status === 202) received.push(message.parse(JSON.parse(body)));
      response.writeHead(isKnown ? status : 401).end();
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    settings: {
      provider: 'http',
      url: `https://127.0.0.1:${port}/messages`,
      authorization: AUTHORIZATION,
      format: 'json',
      body: '{"to":"{to}","text":"{text}"}',
    },
    received,
    answer(next) {
      status = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
