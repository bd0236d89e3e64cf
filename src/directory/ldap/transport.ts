// The bytes' way to one LDAP server: TCP, LDAPS, or StartTLS (RFC 4511 4.14, RFC 4513 3), opened and proven before any
// LDAP message of ours takes it. Who is asked when a server fails is failover.ts's business.

import { connect, isIP, type Socket } from 'node:net';
import * as tls from 'node:tls';

import { ExtendedRequest } from 'ldapts';

import { messageLength } from './ber.ts';
import { readResponse } from './responses.ts';
import { resultCode } from './result-codes.ts';

/** One configured server and how it is to be reached. */
export interface LdapServer {
  /** `host:port`, for people. */
  name: string;
  host: string;
  port: number;
  security: 'none' | 'starttls' | 'ldaps';
  /** Holds the trusted authorities; made once and shared, since making one costs more than a handshake. */
  secureContext(): tls.SecureContext;
}

const START_TLS = '1.3.6.1.4.1.1466.20037';
const MAX_START_TLS_ANSWER = 4096;

/** Whatever goes wrong, `deadline` included, the socket is destroyed and the promise rejects. */
export async function connectTcp({ host, port }: LdapServer, deadline: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
  await reached(socket, 'connect', deadline);
  return socket;
}

/** The same connection, encrypted, and with the server's certificate verified for its host. */
export async function secureTransport(
  socket: Socket,
  { host, security, secureContext }: LdapServer,
  deadline: AbortSignal,
): Promise<Socket> {
  const context = contextFor(socket, secureContext);
  if (security === 'starttls') await requestStartTls(socket, deadline);
  const secured = tls.connect({
    socket,
    secureContext: context,
    host,
    // RFC 6066 3: a literal address is no server name. The certificate is then compared with `host`.
    servername: isIP(host) ? '' : host,
    rejectUnauthorized: true,
  });
  await reached(secured, 'secureConnect', deadline);
  return secured;
}

function contextFor(socket: Socket, secureContext: LdapServer['secureContext']): tls.SecureContext {
  try {
    return secureContext();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function requestStartTls(socket: Socket, deadline: AbortSignal): Promise<void> {
  socket.write(new ExtendedRequest({ messageId: 1, oid: START_TLS }).write());
  try {
    const response = readResponse(await onlyMessage(socket, deadline));
    if (response.kind !== 'result' || response.operation !== 'extended') throw new Error('StartTLS was not answered');
    const { code, diagnosticMessage } = response.result;
    if (code !== resultCode.success) throw new Error(`StartTLS was refused with result ${code} ${diagnosticMessage}`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * The answer to StartTLS and nothing more. What a man in the middle appends to it in plain text would otherwise be read later
 * as an answer that came encrypted: a success for a wrong password.
 */
async function onlyMessage(socket: Socket, deadline: AbortSignal): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for (;;) {
    await reached(socket, 'readable', deadline);
    const piece: unknown = socket.read();
    if (Buffer.isBuffer(piece)) received = Buffer.concat([received, piece]);
    const length = messageLength(received, MAX_START_TLS_ANSWER);
    if (length === undefined || received.length < length) continue;
    if (received.length > length) throw new Error('something was sent in plain text after the answer to StartTLS');
    return received;
  }
}

/** Waits for `event`. An error, the end or the deadline before it destroys the socket and rejects. */
function reached(
  socket: Socket,
  event: 'connect' | 'secureConnect' | 'readable',
  deadline: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      socket.off(event, onEvent).off('error', settle).off('close', onClose);
      deadline.removeEventListener('abort', onDeadline);
      if (!error) {
        resolve();
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onEvent = (): void => settle();
    const onClose = (): void => settle(new Error(`the server closed the connection (waiting for ${event})`));
    const onDeadline = (): void => settle(new Error(`no answer in time (waiting for ${event})`));
    socket.on(event, onEvent).on('error', settle).on('close', onClose);
    deadline.addEventListener('abort', onDeadline);
    if (deadline.aborted) onDeadline();
    else if (socket.destroyed) onClose();
  });
}
