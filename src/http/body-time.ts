// How long a client may take to send its body. Node has one bound for all requests, and what is applied while it arrives takes as
// long as that takes.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';

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

function giveUp(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  const { socket } = request;
  if (!response.headersSent) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
  socket.destroy();
}
