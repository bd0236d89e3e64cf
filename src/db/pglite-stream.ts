// PGlite behind `pg`: an in-process stream in the place of the socket. Both speak PostgreSQL's own wire protocol, so the stream
// only carries messages to and fro.

import type { PGlite } from '@electric-sql/pglite';
import { Duplex } from 'node:stream';
import { setImmediate as otherWork } from 'node:timers/promises';

const terminateMessage = 'X'.charCodeAt(0);

/**
 * For `stream` in pg's configuration: opens stream after stream onto the one session that PGlite has. Each leaves the session as
 * a new client expects to find it, and the next one waits for that.
 */
export function pgliteStreams(pglite: PGlite): () => Duplex {
  let sessionFree: Promise<void> = Promise.resolve();
  return () => {
    const stream = actAsSocket(openStream(pglite, sessionFree));
    sessionFree = new Promise((resolve) => stream.once('close', resolve));
    return stream;
  };
}

function openStream(pglite: PGlite, sessionFree: Promise<void>): Duplex {
  let work = sessionFree;

  async function execute(messages: Buffer): Promise<void> {
    // A query keeps the process busy until it is done; between two of them, whatever else there is to do gets its turn.
    await otherWork();
    const reply = await pglite.execProtocolRaw(new Uint8Array(messages));
    if (reply.length > 0) stream.push(Buffer.from(reply));
  }

  /** pg writes whole messages, never parts of one. */
  function send(messages: Buffer[], done: (error?: Error | null) => void): void {
    // PGlite would take the end of this client for its own.
    const forServer = messages.filter(([type]) => type !== terminateMessage);
    if (forServer.length > 0) work = work.then(() => execute(Buffer.concat(forServer)));
    work.then(() => done(), done);
  }

  async function resetSession(): Promise<void> {
    await work.catch(() => undefined);
    await pglite.exec('rollback');
    await pglite.exec('discard all');
  }

  const stream: Duplex = new Duplex({
    read: () => undefined,
    write: (message: Buffer, _encoding, done) => send([message], done),
    // The parts of a prepared statement, which pg writes corked, are one batch.
    writev: (parts: { chunk: Buffer }[], done) =>
      send(
        parts.map(({ chunk }) => chunk),
        done,
      ),
    final: (done) => {
      stream.push(null);
      done();
    },
    destroy: (error, done) => {
      resetSession().then(
        () => done(error),
        (failure: Error) => done(error ?? failure),
      );
    },
  });
  return stream;
}

/** The rest of what pg calls on a socket. */
function actAsSocket(stream: Duplex): Duplex {
  const itself = (): Duplex => stream;
  const connect = (): Duplex => {
    process.nextTick(() => stream.emit('connect'));
    return stream;
  };
  return Object.assign(stream, { connect, setNoDelay: itself, setKeepAlive: itself, ref: itself, unref: itself });
}
