// A real SMTP server for the tests, that can be told to misbehave.

import { once } from 'node:events';

import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';

import { freePort } from './ports.ts';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** The whole message as it came over the wire, headers first. */
  raw: string;
  /** The session was encrypted. */
  secure: boolean;
  user: string | undefined;
}

export interface TestSmtp {
  readonly port: number;
  /** In the order of their arrival. */
  readonly received: ReceivedMail[];
  /** Connections that are open now. */
  connections(): number;
  stop(): Promise<void>;
}

/** Takes every mail and every password unless `options` say otherwise (smtp-server's own). */
export async function startSmtp(options: SMTPServerOptions = {}, onPort?: number): Promise<TestSmtp> {
  const port = onPort ?? (await freePort());
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    onAuth: ({ username }, _session, done) => done(null, { user: username }),
    onData(stream, { envelope, secure, user }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        received.push({
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          secure,
          user: typeof user === 'string' ? user : undefined,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined); // a client that hangs up in mid-sentence is what some tests are about
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    port,
    received,
    connections: () => server.connections.size,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
