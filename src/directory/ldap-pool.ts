// Keeps a few LDAP connections open and lends them out. It knows nothing of servers: `open` brings a connection that is
// ready for use, from whichever server answers.

import type { LdapConnection } from './ldap-connection.ts';
import { LdapResultError } from './ldap-connection.ts';

export interface PoolOptions {
  open(): Promise<LdapConnection>;
  /** Connections at most. */
  size: number;
  /** Operations that may be in flight on one connection. */
  sharers: number;
  /** Milliseconds to wait for a connection that has room. */
  waitMs: number;
  /** Milliseconds after which an unused connection is closed. */
  idleMs: number;
}

type Operation<T> = (connection: LdapConnection) => Promise<T>;

/** A place for one connection, which comes and goes. */
interface Slot {
  connection?: LdapConnection | undefined;
  opening?: Promise<LdapConnection> | undefined;
  idleTimer?: NodeJS.Timeout;
  users: number;
}

/** busy and unavailable (RFC 4511 A.1): the server answers, but serves nobody. A new connection may reach a better one. */
export const NOT_SERVING = new Set([51, 52]);

export class LdapPool {
  readonly #options: PoolOptions;
  readonly #slots: readonly Slot[];
  readonly #waiting = new Set<(slot: Slot) => void>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.size }, () => ({ users: 0 }));
  }

  /**
   * Runs `operation` on a connection. Where that one had been in the pool before and brings anything but an LDAP result, the
   * server may just have hung up on an idle client: the operation runs once more, on a fresh connection.
   */
  async run<T>(operation: Operation<T>): Promise<T> {
    const slot = this.#takeSlot() ?? (await this.#waitForSlot());
    const fresh = slot.connection === undefined;
    try {
      return await this.#attempt(slot, operation);
    } catch (error) {
      if (fresh || isResult(error)) throw error;
      return await this.#attempt(slot, operation);
    } finally {
      this.#giveBack(slot);
    }
  }

  close(): void {
    this.#closed = true;
    for (const { connection } of this.#slots) connection?.close();
  }

  async #attempt<T>(slot: Slot, operation: Operation<T>): Promise<T> {
    const connection = slot.connection ?? (await (slot.opening ??= this.#open(slot)));
    try {
      return await operation(connection);
    } catch (error) {
      if (!isResult(error)) {
        forget(slot, connection);
        connection.close();
      }
      throw error;
    }
  }

  async #open(slot: Slot): Promise<LdapConnection> {
    try {
      if (this.#closed) throw new Error('the pool is closed');
      const connection = await this.#options.open();
      slot.connection = connection;
      void connection.closed.then(() => forget(slot, connection));
      if (this.#closed) connection.close();
      return connection;
    } finally {
      slot.opening = undefined;
    }
  }

  /** The least used connection that has room; a connected one before one that has yet to be opened. */
  #takeSlot(): Slot | undefined {
    const burden = ({ users, connection }: Slot): number => users + (connection ? 0 : 0.5);
    const free = this.#slots.filter(({ users }) => users < this.#options.sharers);
    const [slot] = free.sort((a, b) => burden(a) - burden(b));
    if (!slot) return undefined;
    clearTimeout(slot.idleTimer);
    slot.users += 1;
    return slot;
  }

  #waitForSlot(): Promise<Slot> {
    const { waitMs, size } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(serve);
        reject(new Error(`all ${size} connections were in use for ${waitMs} ms`));
      }, waitMs);
      const serve = (slot: Slot): void => {
        this.#waiting.delete(serve);
        clearTimeout(timer);
        resolve(slot);
      };
      this.#waiting.add(serve);
    });
  }

  #giveBack(slot: Slot): void {
    slot.users -= 1;
    const [serve] = this.#waiting;
    const free = serve && this.#takeSlot();
    if (free) serve(free);
    else if (slot.users === 0) {
      slot.idleTimer = setTimeout(() => slot.connection?.close(), this.#options.idleMs).unref();
    }
  }
}

function forget(slot: Slot, connection: LdapConnection): void {
  if (slot.connection === connection) slot.connection = undefined;
}

function isResult(error: unknown): boolean {
  return error instanceof LdapResultError && !NOT_SERVING.has(error.code);
}
