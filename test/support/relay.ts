// A way to a server that can be cut, silenced or slowed, as networks and half-dead machines do it. The server itself stays well.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

import { atEnd } from './global-teardown.ts';
import { freePort } from './ports.ts';

export interface Relay {
  readonly port: number;
  /** Bytes pass, until `silence` or `trickle`. */
  pass(): void;
  /** Connections are accepted, and nothing is ever answered; on those that are open no more. */
  silence(): void;
  /** The server's answers arrive one byte a second. */
  trickle(): void;
  /** Requests that contain this reach the server; the connection is reset in place of its answer. */
  loseAnswersTo(text: string | undefined): void;
  /** Nobody listens any more, and what was open is reset. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** To a port of this machine. Ended after the last test. */
export async function startRelay(target: number): Promise<Relay> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let mode: 'pass' | 'silence' | 'trickle' = 'pass';
  let losing: string | undefined;
  let server: Server;

  function onConnection(near: Socket): void {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => from.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    let isLost = false;
    near.on('data', (bytes) => {
      isLost ||= losing !== undefined && bytes.includes(losing);
      if (mode !== 'silence') far.write(bytes);
    });
    far.on('data', (bytes) => (isLost ? near.resetAndDestroy() : answer(near, bytes)));
  }

  function answer(near: Socket, bytes: Buffer): void {
    if (mode === 'pass') near.write(bytes);
    if (mode !== 'trickle') return;
    bytes.forEach((byte, index) => setTimeout(() => near.write(Buffer.of(byte)), index * 1000).unref());
  }

  async function start(): Promise<void> {
    server = createServer(onConnection);
    await once(server.listen(port, '127.0.0.1'), 'listening');
    server.unref();
  }
  async function stop(): Promise<void> {
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
    await once(server, 'close');
  }

  await start();
  atEnd(async () => {
    if (server.listening) await stop();
  });
  return {
    port,
    pass: () => (mode = 'pass'),
    silence: () => (mode = 'silence'),
    trickle: () => (mode = 'trickle'),
    loseAnswersTo: (text) => (losing = text),
    stop,
    start,
  };
}
