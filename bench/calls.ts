// What operations ask of the storage: SQL statements, Redis commands and LDAP operations of Sallyport; calls of its adapter for the
// library alone.

import { Redis } from 'ioredis';
import pg from 'pg';
import { z } from 'zod';

import { eventually } from '../test/support/eventually.ts';
import type { Stack } from './stack.ts';
import { CALLS_PATH } from './target.ts';
import type { Target } from './target.ts';

/** How often each was called, by a name that people can read. */
export type Calls = Record<string, number>;
export type SallyportCalls = Record<'sql' | 'redis' | 'ldap', Calls>;

export interface CallCounter {
  /** What `work` makes Sallyport call. `begin` and `commit` are statements too, for each is a round trip. */
  during(work: () => Promise<unknown>): Promise<SallyportCalls>;
  close(): Promise<void>;
}

/** To be read once for all: statements of this database, but those of the counting itself. */
const STATEMENTS = `
  select query, sum(calls)::float8 as calls from pg_stat_statements
   where dbid = (select oid from pg_database where datname = current_database())
     and query !~ 'pg_stat_statements|pg_reload_conf'
   group by query order by calls desc`;

/** Needs a Postgres with pg_stat_statements loaded. It is awake only while it counts, since that costs Postgres some time. */
export async function createCallCounter({ databaseUrl, redisUrl, metricsUrl }: Stack): Promise<CallCounter> {
  const redis = new Redis(redisUrl);
  const postgres = new pg.Client({ connectionString: databaseUrl });
  await postgres.connect();
  await postgres.query('create extension pg_stat_statements');
  await trackStatements(postgres, false);

  return {
    async during(work) {
      const before = await directoryOperations(metricsUrl);
      await trackStatements(postgres, true);
      await postgres.query('select pg_stat_statements_reset()');
      const commands = await commandsDuring(redis, work);
      const { rows } = await postgres.query<{ query: string; calls: number }>(STATEMENTS);
      await trackStatements(postgres, false);
      return {
        sql: Object.fromEntries(rows.map(({ query, calls }) => [query.replaceAll(/\s+/g, ' ').trim(), calls])),
        redis: commands,
        ldap: difference(await directoryOperations(metricsUrl), before),
      };
    },
    async close() {
      redis.disconnect();
      await postgres.end();
    },
  };
}

/** Of the bare provider, since it started. */
export async function adapterCalls({ port }: Target): Promise<Calls> {
  const answer = await fetch(`http://127.0.0.1:${port}${CALLS_PATH}`);
  return z.record(z.string(), z.number()).parse(await answer.json());
}

export function difference(after: Calls, before: Calls): Calls {
  return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}

async function trackStatements(postgres: pg.Client, yes: boolean): Promise<void> {
  const which = yes ? 'top' : 'none';
  await postgres.query(`alter system set pg_stat_statements.track = '${which}'`);
  await postgres.query('select pg_reload_conf()');
  await eventually('Postgres reads its settings', async () => {
    const { rows } = await postgres.query<Record<string, string>>('show pg_stat_statements.track');
    return Object.values(rows[0] ?? {}).includes(which);
  });
}

const DIRECTORY_COUNT = /^sallyport_directory_seconds_count\{.*operation="(\w+)".*\} (\d+)$/gm;

async function directoryOperations(metricsUrl: string): Promise<Calls> {
  const metrics = await (await fetch(metricsUrl)).text();
  const counts: Calls = {};
  for (const [, operation = '', count] of metrics.matchAll(DIRECTORY_COUNT)) {
    counts[operation] = (counts[operation] ?? 0) + Number(count);
  }
  return counts;
}

/** By command and kind of key; what a script calls is no call of ours. */
async function commandsDuring(redis: Redis, work: () => Promise<unknown>): Promise<Calls> {
  const calls: Calls = {};
  let ended = false;
  const monitor = await redis.monitor();
  monitor.on('monitor', (_time: string, [command = '', ...rest]: string[], source: string) => {
    if (command === 'echo') ended = true;
    if (ended || source === 'lua') return;
    const name = `${command} ${kindOfKey((command === 'evalsha' ? rest[2] : rest[0]) ?? '')}`;
    calls[name] = (calls[name] ?? 0) + 1;
  });
  await work();
  await redis.echo('the end of what is counted');
  await eventually('the monitor has seen everything', () => ended);
  monitor.disconnect();
  return calls;
}

/** Without the prefix that all have, and without ids. */
function kindOfKey(key: string): string {
  const parts = key.split(':').slice(1);
  return parts.filter((part) => /^[a-z-]{1,20}$/i.test(part)).join(':');
}
