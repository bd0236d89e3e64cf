// The listening socket: time-outs that a slow client cannot stretch, and a stop that breaks no answer.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type Koa from 'koa';

import { limitBodyTime } from './body-time.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
// Longer than a load balancer keeps its side (60 s is usual): else it reuses a connection that is just being closed.
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const LARGEST_HEADER = 16 * 1024;
// How long a stop still takes what is on its way. Closing an idle connection at once would reset the request that a proxy is
// just sending on it: answered with `Connection: close` instead, the proxy goes elsewhere by itself.
const LAST_CALL_MS = 500;

export interface ListenOptions {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** How long a client may take to send its body, unless that is allowed more (body-time.ts); 30 s unless told. */
  requestTimeoutMs?: number;
}

export interface Listener {
  readonly url: string;
  readonly port: number;
  /**
   * Tells every client with its next answer not to come back on the same connection; after half a second accepts nobody any
   * more and closes idle connections; after another one gives up requests that have not arrived whole; lets the others
   * finish, and breaks off what is left after `graceMs` in all.
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
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: LARGEST_HEADER,
  });
  limitBodyTime(server, requestTimeoutMs);
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
    response.once('close', () => {
      running.delete(exchange);
      // Its headers may have left before the drain and have promised to keep the connection.
      if (draining) request.socket.destroySoon();
    });
    if (draining) response.setHeader('Connection', 'close');
  });

  function endWithoutRunningRequest(): void {
    const busy = new Set([...running].filter(({ request }) => request.complete).map(({ request }) => request.socket));
    for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
  }

  return async (graceMs) => {
    draining = true;
    for (const { response } of running) if (!response.headersSent) response.setHeader('Connection', 'close');
    const lastCall = sockets.size > 0 ? Math.min(LAST_CALL_MS, graceMs / 2) : 0;
    await delay(lastCall);

    const { promise: closed, resolve } = Promise.withResolvers<unknown>();
    server.close(resolve);
    const timers = [
      setTimeout(endWithoutRunningRequest, lastCall),
      setTimeout(() => {
        server.closeAllConnections();
      }, graceMs - lastCall),
    ];
    await closed;
    timers.forEach(clearTimeout);
  };
}
