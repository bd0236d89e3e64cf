// The listening socket: time-outs that a slow client cannot stretch, and a stop that breaks no answer.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type Koa from 'koa';

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
// Longer than a load balancer keeps its side (60 s is usual): else it reuses a connection that is just being closed.
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const LARGEST_HEADER = 16 * 1024;
const HALF_SENT_GRACE_MS = 1_000;
const IDLE_SWEEP_MS = 100;

export interface ListenOptions {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** How long a client may take to send its whole request; 30 s unless told. */
  requestTimeoutMs?: number;
}

export interface Listener {
  readonly url: string;
  readonly port: number;
  /**
   * Stops accepting, closes idle connections, lets running requests finish and tells their clients not to come back on the
   * same connection. A request that is still not sent whole after a second is given up, everything else after `graceMs`.
   */
  close(graceMs: number): Promise<void>;
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** Serves `app`. Rejects with Node's own error when the port cannot be had. */
export async function listen(app: Pick<Koa, 'callback'>, options: ListenOptions): Promise<Listener> {
  const { host, port, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const server = createServer({
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: LARGEST_HEADER,
  });
  const drain = drainable(server);
  const answer = app.callback();
  server.on('request', (request, response) => {
    void answer(request, response);
  });
  const address = await bind(server, host, port);
  const urlHost = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${urlHost}:${String(address.port)}`, port: address.port, close: drain };
}

function bind(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('The server listens on no TCP port.'));
      else resolve(address);
    });
  });
}

/** Watches the server's connections from the start, and returns what stops it. */
function drainable(server: Server): Listener['close'] {
  const sockets = new Set<Socket>();
  const running = new Set<Exchange>();
  let draining = false;

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    const exchange = { request, response };
    running.add(exchange);
    response.once('close', () => running.delete(exchange));
    if (draining) response.setHeader('Connection', 'close');
  });

  function giveUpHalfSent(): void {
    const received = [...running].filter(({ request }) => request.complete).map(({ request }) => request.socket);
    for (const socket of sockets) if (!received.includes(socket)) socket.destroy();
  }

  return async (graceMs) => {
    draining = true;
    for (const { response } of running) if (!response.headersSent) response.setHeader('Connection', 'close');

    const { promise: closed, resolve } = Promise.withResolvers<unknown>();
    server.close(resolve);
    // Node stops its own checks here, and a connection whose headers had already left becomes idle only later.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
    }, IDLE_SWEEP_MS);
    const halfSent = setTimeout(giveUpHalfSent, Math.min(HALF_SENT_GRACE_MS, graceMs));
    const deadline = setTimeout(() => {
      server.closeAllConnections();
    }, graceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(halfSent);
    clearTimeout(deadline);
  };
}
