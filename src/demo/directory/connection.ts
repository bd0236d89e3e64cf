// One client: its bytes cut into requests, each answered before the next is looked at, and StartTLS. What cannot be read ends
// this connection, and nothing else.

import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { TLSSocket } from 'node:tls';

import { messageSplitter } from '../../directory/ldap/ber.ts';
import { PASSWORD_POLICY_CONTROL } from '../../directory/ldap/password-policy.ts';
import { bind } from './bind.ts';
import { extended, START_TLS } from './extended.ts';
import { LdapRefusal } from './ldap-refusal.ts';
import type { BindOperation, LdapRequest, Notice, Operation, RequestControl } from './requests.ts';
import { readRequest } from './requests.ts';
import type { Result } from './responses.ts';
import { writeEntry, writeResult } from './responses.ts';
import { compare, PAGED_RESULTS, search } from './search.ts';
import type { DirectoryContext, Identity } from './session.ts';
import { update } from './update.ts';

const MAX_REQUEST_BYTES = 1024 * 1024;

const KNOWN_CONTROLS = new Set([PAGED_RESULTS, PASSWORD_POLICY_CONTROL]);

export class ClientConnection {
  readonly #context: DirectoryContext;
  readonly #secureContext: SecureContext | undefined;
  readonly #requests: Buffer[] = [];
  #socket: Socket;
  #identity: Identity = { kind: 'nobody' };

  constructor(socket: Socket, context: DirectoryContext, secureContext: SecureContext | undefined) {
    this.#context = context;
    this.#secureContext = secureContext;
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    const socket = this.#socket;
    const split = messageSplitter(MAX_REQUEST_BYTES, (message) => this.#requests.push(message));
    const orHangUp = (work: () => void): void => {
      try {
        work();
        this.#answerRequests();
      } catch {
        socket.destroy();
      }
    };
    socket.on('data', (piece: Buffer) => orHangUp(() => split(piece)));
    socket.on('drain', () => orHangUp(() => undefined));
    socket.on('error', () => socket.destroy());
  }

  /** In their order, and no faster than the client takes the answers. */
  #answerRequests(): void {
    while (this.#requests.length > 0 && !this.#socket.writableNeedDrain) {
      const request = this.#requests.shift();
      if (request) this.#answer(readRequest(request));
    }
    if (this.#requests.length > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  #answer(request: LdapRequest): void {
    const { id, operation } = request;
    if (operation.kind === 'abandon') return;
    if (operation.kind === 'unbind') {
      this.#socket.end();
      return;
    }
    const result = this.#perform(request, operation);
    this.#socket.write(writeResult(id, operation.kind, result));
    if (result.oid === START_TLS) this.#startTls();
  }

  #perform({ id, controls }: LdapRequest, operation: Exclude<Operation, Notice>): Result {
    const context = this.#context;
    const identity = this.#identity;
    try {
      const unknown = controls.find(({ oid, critical }) => critical && !KNOWN_CONTROLS.has(oid));
      if (unknown) throw new LdapRefusal('unavailableCriticalExtension', unknown.oid);
      switch (operation.kind) {
        case 'bind':
          return this.#bind(operation, controls);
        case 'search':
          return search({ context, identity, operation, controls }, (entry) =>
            this.#socket.write(writeEntry(id, entry)),
          );
        case 'compare':
          return compare(context, identity, operation);
        case 'extended':
          if (operation.oid === START_TLS) return this.#offerTls();
          return extended(context, identity, operation);
        default:
          return update(context, identity, operation);
      }
    } catch (error) {
      if (error instanceof LdapRefusal) return { code: error.code, diagnosticMessage: error.message };
      throw error;
    }
  }

  /** Whoever was bound is nobody from here on, unless the bind succeeds (RFC 4513 4). */
  #bind(operation: BindOperation, controls: readonly RequestControl[]): Result {
    this.#identity = { kind: 'nobody' };
    const { identity, result } = bind(this.#context, operation, controls);
    this.#identity = identity;
    return result;
  }

  #offerTls(): Result {
    if (!this.#secureContext) throw new LdapRefusal('protocolError', 'TLS is not set up');
    if (this.#socket instanceof TLSSocket) throw new LdapRefusal('operationsError', 'TLS is on already');
    // Sent before the answer, in plain text: somebody in between may have put it there (RFC 4511 4.14.1).
    if (this.#requests.length > 0) throw new LdapRefusal('operationsError', 'operations are outstanding');
    return { code: 'success', oid: START_TLS };
  }

  #startTls(): void {
    this.#socket.removeAllListeners('data').removeAllListeners('drain');
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext: this.#secureContext });
    this.#identity = { kind: 'nobody' };
    this.#listen();
  }
}
