// How long a client may take to send its body. Node has one bound for all requests, and what is applied while it arrives takes as
// long as that takes.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

const timers = new WeakMap<IncomingMessage, (milliseconds: number) => void>();

/** Answers 408 and closes the connection, as Node does, where a body has not arrived in time. */
export function limitBodyTime(server: Server, milliseconds: number): void {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.complete) return;
    let timer: NodeJS.Timeout | undefined;
    const wait = (time: number): void => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, time, request, response).unref();
    };
    wait(milliseconds);
    timers.set(request, wait);
    request.once('close', () => {
      clearTimeout(timer);
    });
  });
}

/** Gives this request so long from now. */
export function allowBodyTime(request: IncomingMessage, milliseconds: number): void {
  timers.get(request)?.(milliseconds);
}

/**
 * The body, which breaks off where somebody waits for the next part of it for longer than so many milliseconds. The request itself
 * goes on, so that whoever sends it can be told.
 */
export function withoutLulls(body: Readable, milliseconds: number): Readable {
  async function* parts(): AsyncGenerator<unknown> {
    const iterator: AsyncIterator<unknown> = body.iterator({ destroyOnReturn: false });
    for (;;) {
      const next = await inTime(iterator.next(), milliseconds);
      if (next.done === true) return;
      yield next.value;
    }
  }
  // Of a body that nobody reads on nobody wants to hear.
  return Readable.from(parts(), { objectMode: false }).on('error', () => undefined);
}

async function inTime<T>(next: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const lull = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing came for ${String(milliseconds / 1000)} seconds`));
    }, milliseconds);
  });
  try {
    return await Promise.race([next, lull]);
  } finally {
    clearTimeout(timer);
  }
}

function giveUp(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  const { socket } = request;
  if (!response.headersSent) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
  socket.destroy();
}
