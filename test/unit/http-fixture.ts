// A Koa app on a real socket, and clients that say what a well-behaved one would not.

import { once } from 'node:events';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import Koa, { type Middleware } from 'koa';
import { logStrayErrors } from '../../src/http/error-handler.ts';
import { listen, type Listener, type ListenOptions } from '../../src/http/server.ts';
import { createLog, type Log } from '../../src/observability/log.ts';

export const silentLog = createLog({ level: 'silent' });

const listeners: Listener[] = [];

/** Serves the middleware in their order, or what the function mounts, on a free port. */
export async function serve(
  middleware: readonly Middleware[] | ((app: Koa) => void),
  options: Partial<ListenOptions> = {},
): Promise<Listener & { app: Koa }> {
  const app = new Koa({ proxy: true });
  logStrayErrors(app, silentLog);
  if (typeof middleware === 'function') middleware(app);
  else for (const each of middleware) app.use(each);
  const listener = await listen(app, { host: '127.0.0.1', port: 0, ...options });
  listeners.push(listener);
  return { ...listener, app };
}

export async function closeAll(): Promise<void> {
  await Promise.all(listeners.splice(0).map((listener) => listener.close(0)));
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Question {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

/** Unlike `fetch`, sends any header, Host among them. */
export async function ask(url: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
  const client = request(url, { method, headers });
  client.end(body);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  client.once('error', reject);
  client.once('response', (response) => {
    text(response).then(
      (answer) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }),
      reject,
    );
  });
  return promise;
}

export function postForm(url: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(url, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
  });
}

export interface RawClient {
  socket: Socket;
  send(text: string): void;
  /** Everything received so far. */
  received(): string;
  /** Waits until `pattern` was received. */
  receives(pattern: RegExp): Promise<void>;
  /** Waits until the server has closed or reset the connection. */
  closed: Promise<void>;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  await once(socket, 'connect');
  return {
    socket,
    send: (data) => socket.write(data, 'latin1'),
    received: () => received,
    async receives(pattern) {
      while (!pattern.test(received)) {
        if (socket.closed) throw new Error(`the connection closed before ${String(pattern)} came: ${received}`);
        await Promise.race([once(socket, 'data'), closed]);
      }
    },
    closed,
  };
}

export interface LogCapture {
  log: Log;
  /** The lines, parsed. */
  lines: () => Record<string, unknown>[];
  /** The lines as they were written. */
  text: () => string;
}

export function captureLog(): LogCapture {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  return {
    log: createLog({ level: 'debug', destination }),
    lines: () => written.map((line): Record<string, unknown> => JSON.parse(line)),
    text: () => written.join(''),
  };
}
