// The door to SQL. Adapters (`*-postgres.ts`) write plain SQL and pass it here; transactions are opened by use cases through
// `unitOfWork` and found again through AsyncLocalStorage, so that no transaction handle passes through a port.

export interface Database {
  readonly kind: 'postgres' | 'pglite';

  /**
   * Runs one statement on the current unit of work's transaction, else on a connection of the pool.
   * Statements are prepared and cached by their text, so the text must be constant and every value a parameter. An array is a
   * Postgres array; for a jsonb column, pass the text of the JSON. A bigint comes back as a number, a timestamptz as a Date.
   *
   * @throws AppError `storage_unavailable` when no connection could be had or the connection was lost.
   */
  query<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;

  /**
   * The same for a text that is composed of a request, as a list's: it is planned for these values and forgotten, where `query`
   * would keep each text prepared on each connection for ever.
   */
  queryOnce<Row extends object = Record<string, unknown>>(text: string, values: readonly unknown[]): Promise<Row[]>;

  /** The first row of `query`, or undefined. */
  one<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<Row | undefined>;

  /**
   * Runs `work` in one transaction; joins the transaction that is already open, if there is one. It is all or nothing: once a
   * statement or a joined part has failed, the whole unit fails with that error, whoever swallowed it.
   */
  unitOfWork<T>(work: () => Promise<T>): Promise<T>;

  /** Answers when a trivial statement did, within `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;

  /** Connections: used, free and waited for. */
  poolUse(): { used: number; free: number; pending: number };

  close(): Promise<void>;
}
