// Keeps a few LDAP connections to one server open and lends them out. It knows nothing of servers: `open` brings a connection
// that is ready for use.

import { reasonOf } from '../../errors.ts';
import type { LdapConnection } from './connection.ts';
import { GivenUp } from './connection.ts';
import { isAnswer } from './result-error.ts';

export interface PoolOptions {
  open(): Promise<LdapConnection>;
  /** Connections at most. */
  size: number;
  /** Operations that may be in flight on one connection. */
  sharers: number;
  /** Milliseconds to wait for a connection that has room. */
  waitMs: number;
  /** Who would be one more to wait is turned away at once. */
  waiting: number;
  /** Milliseconds after which an unused connection is closed. */
  idleMs: number;
  /**
   * Where a connection that had been in the pool turns out to be closed, the server may just have hung up on an idle client: whether
   * the operation runs once more, on a fresh one. Not what counts each time that the server sees it.
   */
  repeats: boolean;
}

export type Operation<T> = (connection: LdapConnection) => Promise<T>;

/** A connection that is open and has room, held for one operation. */
export interface Lease {
  /**
   * Runs the operation and gives the connection back. Where that has meanwhile been closed, on a fresh one.
   *
   * @throws NotSent when that could not be opened.
   */
  run<T>(operation: Operation<T>): Promise<T>;
  /** Gives it back unused. */
  giveBack(): void;
}

/** A place for one connection, which comes and goes. */
interface Slot {
  connection?: LdapConnection | undefined;
  opening?: Promise<LdapConnection> | undefined;
  usedAt: number;
  users: number;
}

interface Waiting {
  serve(slot: Slot): void;
  refuse(reason: NotSent): void;
}

/** There was no connection to send the operation on: the server has not seen it, and another may be asked. */
export class NotSent extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause));
    this.name = new.target.name;
  }
}

/** All connections are in use: no fault of the server's. */
export class NoRoom extends NotSent {}

export class LdapPool {
  readonly #options: PoolOptions;
  readonly #slots: readonly Slot[];
  readonly #waiting = new Set<Waiting>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.size }, () => ({ users: 0, usedAt: 0 }));
  }

  /** @throws NotSent when no connection can be had. */
  async lease(): Promise<Lease> {
    const slot = this.#takeSlot() ?? (await this.#waitForSlot());
    const idled = slot.connection;
    try {
      await this.#connected(slot);
    } catch (error) {
      this.#giveBack(slot);
      throw error;
    }
    return { run: (operation) => this.#run(slot, operation, idled), giveBack: () => this.#giveBack(slot) };
  }

  /** @throws NotSent, or whatever ended the operation. */
  async run<T>(operation: Operation<T>): Promise<T> {
    const lease = await this.lease();
    return lease.run(operation);
  }

  /** Closes what nobody has used for `idleMs`, and asks the other connections that nobody uses for a sign of life. */
  async tend(ask: Operation<unknown>): Promise<void> {
    const unused = this.#slots.filter(({ users, connection }) => users === 0 && connection);
    await Promise.all(
      unused.map(async (slot) => {
        if (performance.now() - slot.usedAt >= this.#options.idleMs) {
          slot.connection?.close();
          return;
        }
        const { usedAt } = slot;
        slot.users += 1;
        try {
          await this.#attempt(slot, ask);
        } catch (error) {
          if (!isAnswer(error)) throw error;
        } finally {
          this.#giveBack(slot);
          slot.usedAt = usedAt;
        }
      }),
    );
  }

  /** Ends whatever is under way: nobody need wait for a server that is known to be down. */
  reset(reason: GivenUp): void {
    this.#end(reason);
  }

  close(): void {
    this.#closed = true;
    this.#end(new Error('the pool is closed'));
  }

  #end(reason: Error): void {
    for (const { refuse } of this.#waiting) refuse(new NotSent(reason));
    for (const { connection } of this.#slots) connection?.close(reason);
  }

  async #run<T>(slot: Slot, operation: Operation<T>, idled: LdapConnection | undefined): Promise<T> {
    const again = this.#options.repeats && idled !== undefined && slot.connection === idled;
    try {
      return await this.#attempt(slot, operation);
    } catch (error) {
      if (!again || isAnswer(error) || error instanceof GivenUp) throw error;
      return await this.#attempt(slot, operation);
    } finally {
      this.#giveBack(slot);
    }
  }

  async #attempt<T>(slot: Slot, operation: Operation<T>): Promise<T> {
    const connection = await this.#connected(slot);
    try {
      return await operation(connection);
    } catch (error) {
      if (!isAnswer(error)) {
        forget(slot, connection);
        connection.close();
      }
      throw error;
    }
  }

  async #connected(slot: Slot): Promise<LdapConnection> {
    try {
      const { connection } = slot;
      if (connection?.isOpen) return connection;
      return await (slot.opening ??= this.#open(slot));
    } catch (error) {
      throw new NotSent(error);
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
    if (slot) slot.users += 1;
    return slot;
  }

  #waitForSlot(): Promise<Slot> {
    const { waitMs, waiting, size } = this.#options;
    if (this.#waiting.size >= waiting) return Promise.reject(new NoRoom(`${waiting} wait for a connection already`));
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        serve: (slot) => {
          done();
          resolve(slot);
        },
        refuse: (reason) => {
          done();
          reject(reason);
        },
      };
      const tooLong = new NoRoom(`all ${size} connections were in use for ${waitMs} ms`);
      const timer = setTimeout(() => entry.refuse(tooLong), waitMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(entry);
      };
      this.#waiting.add(entry);
    });
  }

  #giveBack(slot: Slot): void {
    slot.users -= 1;
    slot.usedAt = performance.now();
    const [next] = this.#waiting;
    const free = next && this.#takeSlot();
    if (free) next.serve(free);
  }
}

function forget(slot: Slot, connection: LdapConnection): void {
  if (slot.connection === connection) slot.connection = undefined;
}
