// One LDAP connection: sends requests, several at once, and matches the answers to them. It never reconnects and never
// follows a referral. A connection on which anything but an LDAP result came back is finished, with everything in flight.

import type { Socket } from 'node:net';

import type { Change, Filter, Message } from 'ldapts';
import { BindRequest, Control, ExtendedRequest, ModifyRequest, PagedResultsControl, SearchRequest } from 'ldapts';

import { berCursor, messageSplitter } from './ber.ts';
import type { Observe, Question } from './exchange.ts';
import { observed, resultInWords } from './exchange.ts';
import { PASSWORD_POLICY_CONTROL } from './password-policy.ts';
import type { LdapEntry, LdapResponse, LdapResult, ResultOperation } from './responses.ts';
import { readResponse } from './responses.ts';
import { resultCode } from './result-codes.ts';
import { LdapResultError } from './result-error.ts';

export interface SearchQuery {
  base: string;
  scope: 'base' | 'sub';
  filter: Filter;
  attributes: readonly string[];
  /** So many entries are enough: that there are more is then no error. */
  sizeLimit?: number;
  controls?: readonly Control[];
}

/** Every entry that matches. @throws LdapResultError, or whatever ended the connection. */
export type Search = (query: SearchQuery) => Promise<LdapEntry[]>;

/** Nobody waits for the answer any longer. The server may have done what was asked, or do it yet. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

export interface ConnectionOptions {
  /** `host:port`, for people. */
  server: string;
  /** Milliseconds that an operation may take before the connection is given up. */
  operationTimeoutMs: number;
  /** Bytes that the server may send after a request. */
  maxResponseBytes: number;
  observe?: Observe | undefined;
}

/** A result, and who said it. */
export interface ServerResult extends LdapResult {
  /** `host:port` */
  server: string;
}

interface Answer {
  result: ServerResult;
  entries: LdapEntry[];
}
type Words = Pick<Question<Answer>, 'asked' | 'answered'>;
interface InFlight {
  operation: ResultOperation;
  entries: LdapEntry[];
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

const MAX_MESSAGE_ID = 2 ** 31 - 1;

export class LdapConnection {
  /** Resolves when the connection is of no more use. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #inFlight = new Map<number, InFlight>();
  #lastId = 0;
  #received = 0;
  #failure: Error | undefined;

  /** Takes over a socket that transport.ts opened. */
  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    const split = messageSplitter(options.maxResponseBytes, (message) => this.#onResponse(readResponse(message)));
    socket.on('data', (piece: Buffer) => this.#onData(piece, split));
    socket.on('error', (error) => this.#fail(error));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#fail(new Error('the server closed the connection'));
        resolve();
      });
    });
  }

  /** Whether a request that is made now goes out. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** A simple bind (RFC 4513 5.1). Whatever the result's code, the result is the answer. */
  async bind(dn: string, password: string): Promise<ServerResult> {
    // Without either of them it would succeed, as nobody (RFC 4513 5.1.1, 5.1.2).
    if (dn === '' || password === '') throw new Error('a bind needs a name and a password');
    const controls = [new Control(PASSWORD_POLICY_CONTROL)];
    const request = new BindRequest({ messageId: this.#nextId(), dn, password, controls });
    const { result } = await this.#send('bind', request, {
      asked: () => `bind as ${dn}`,
      answered: (answer) => resultInWords(answer.result),
    });
    return result;
  }

  /** @throws LdapResultError on any result but success. */
  async search(query: SearchQuery): Promise<LdapEntry[]> {
    const { entries } = await this.#search(query, []);
    return entries;
  }

  /** A search whose answer may be large, in pages (RFC 2696). slapd keeps one of these per connection: run one at a time. */
  async searchPaged(query: SearchQuery, pageSize: number): Promise<LdapEntry[]> {
    // As the limit of a search it would be one of each page with some servers, and of all pages with others.
    const { sizeLimit = Infinity, ...whole } = query;
    const found: LdapEntry[] = [];
    let cookie: Buffer | undefined = Buffer.alloc(0);
    while (cookie && found.length < sizeLimit) {
      const page = new PagedResultsControl({ value: { size: pageSize, cookie } });
      const { entries, result }: Answer = await this.#search(whole, [page]);
      found.push(...entries);
      cookie = nextPage(result);
    }
    return found.slice(0, sizeLimit);
  }

  /** Changes an entry (RFC 4511 4.6). Whatever the result's code, the result is the answer. */
  async modify(dn: string, changes: readonly Change[]): Promise<ServerResult> {
    const controls = [new Control(PASSWORD_POLICY_CONTROL)];
    const request = new ModifyRequest({ messageId: this.#nextId(), dn, changes: [...changes], controls });
    const attributes = changes.map(({ operation, modification }) => `${operation} ${modification.type}`);
    const { result } = await this.#send('modify', request, {
      asked: () => `modify "${dn}": ${attributes.join(', ')}`,
      answered: (answer) => resultInWords(answer.result),
    });
    return result;
  }

  /** An extended operation (RFC 4511 4.12). Whatever the result's code, the result is the answer. */
  async extended(oid: string, value: Buffer): Promise<ServerResult> {
    const controls = [new Control(PASSWORD_POLICY_CONTROL)];
    const request = new ExtendedRequest({ messageId: this.#nextId(), oid, value, controls });
    const { result } = await this.#send('extended', request, {
      asked: () => `extended operation ${oid}`,
      answered: (answer) => resultInWords(answer.result),
    });
    return result;
  }

  close(reason = new Error('the connection was closed')): void {
    this.#fail(reason);
  }

  async #search(query: SearchQuery, controls: Control[]): Promise<Answer> {
    const request = new SearchRequest({
      ...query,
      messageId: this.#nextId(),
      baseDN: query.base,
      attributes: [...query.attributes],
      timeLimit: Math.ceil(this.#options.operationTimeoutMs / 1000),
      controls: [...(query.controls ?? []), ...controls],
    });
    const answer = await this.#send('search', request, {
      asked: () =>
        `search ${query.scope} of "${query.base}" for ${request.filter.toString()}: ${query.attributes.join(', ')}`,
      answered: ({ entries, result }) => `${entries.length} entries, ${resultInWords(result)}`,
    });
    const { code } = answer.result;
    // Of fewer, the limit was the server's own.
    const isEnough = code === resultCode.sizeLimitExceeded && answer.entries.length >= (query.sizeLimit ?? Infinity);
    if (code === resultCode.success || isEnough) return answer;
    throw new LdapResultError('search', answer.result);
  }

  #send(operation: ResultOperation, request: Message, words: Words): Promise<Answer> {
    const { server, observe } = this.#options;
    return observed(observe, { operation, server, ...words }, () => this.#exchange(operation, request));
  }

  async #exchange(operation: ResultOperation, request: Message): Promise<Answer> {
    if (this.#failure) throw this.#failure;
    const timer = setTimeout(
      () => this.#fail(new GivenUp(`${operation}: no answer in time`)),
      this.#options.operationTimeoutMs,
    );
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#inFlight.set(request.messageId, { operation, entries: [], resolve, reject });
        this.#received = 0;
        this.#socket.write(request.write());
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #onData(piece: Buffer, split: (piece: Buffer) => void): void {
    const { maxResponseBytes } = this.#options;
    this.#received += piece.length;
    try {
      if (this.#received > maxResponseBytes) throw new Error(`the answer has more than ${maxResponseBytes} bytes`);
      split(piece);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onResponse(response: LdapResponse): void {
    // Id 0 is never in flight: it is the server's own notice that it is about to close (RFC 4511 4.4.1).
    const request = this.#inFlight.get(response.id);
    if (!request) throw new Error(`the server answered ${response.id}, which is not in flight`);
    if (response.kind === 'entry') request.entries.push(response.entry);
    if (response.kind !== 'result') return;
    if (response.operation !== request.operation) throw new Error(`a ${response.operation} answer to another request`);
    this.#inFlight.delete(response.id);
    request.resolve({ result: { ...response.result, server: this.#options.server }, entries: request.entries });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    for (const { reject } of this.#inFlight.values()) reject(this.#failure);
    this.#inFlight.clear();
  }

  #nextId(): number {
    this.#lastId = (this.#lastId % MAX_MESSAGE_ID) + 1;
    return this.#lastId;
  }
}

function nextPage({ controls }: LdapResult): Buffer | undefined {
  const value = controls.get(PagedResultsControl.type);
  if (!value) return undefined;
  const page = berCursor(value).enter();
  page.integer(); // the server's estimate of how many there are
  const cookie = page.bytes();
  return cookie.length > 0 ? cookie : undefined;
}
