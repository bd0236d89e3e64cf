// `npm run bench:admin`: what the admin API does a second on a small tenant and on a large one, side by side, what a page of a list
// costs Postgres, and how long an import takes.

import { Readable } from 'node:stream';

import { Command } from 'commander';
import pg from 'pg';

import { mochaGlobalTeardown } from '../test/support/global-teardown.ts';
import { startManagement } from './management.ts';
import type { Management } from './management.ts';
import { residentMegabytes } from './usage.ts';
import { table } from './report.ts';

interface Options {
  small: string;
  large: string;
  rows: string;
  seconds: string;
  rounds: string;
}

interface Operation {
  name: string;
  /** One request to a tenant; `at` counts them. */
  run(tenant: string, at: number): Promise<void>;
}

await new Command('bench:admin')
  .description('Measures the admin API on a small tenant and on a large one, on this machine.')
  .option('--small <n>', 'users of the small tenant', '1000')
  .option('--large <n>', 'users of the large one', '1000000')
  .option('--rows <n>', 'rows of the import', '100000')
  .option('--seconds <n>', 'for each operation and tenant, over all rounds', '6')
  .option('--rounds <n>', 'turns that the two tenants take', '3')
  .action(bench)
  .parseAsync();

async function bench({ small, large, rows, seconds, rounds }: Options): Promise<void> {
  try {
    const sizes = { small: Number(small), large: Number(large) };
    tell(`filling two tenants with ${small} and ${large} users`);
    const management = await startManagement();
    for (const [tenant, users] of Object.entries(sizes)) await fill(management, tenant, users);
    const operations = await operationsOf(management, sizes);
    const lines: string[][] = [];
    for (const operation of operations) {
      tell(operation.name);
      lines.push(await compare(operation, Number(seconds) / Number(rounds), Number(rounds)));
    }
    tell('explaining a page');
    const plans = await plansOf(management);
    tell(`importing ${rows} rows`);
    const imported = await importRows(management, Number(rows));
    const ratios = table(['', `${small} users`, `${large} users`, 'ratio', 'of each round'], lines);
    process.stdout.write(
      `\n${[ratios, table(['a page of 50', 'rows read', 'time'], plans), imported].join('\n\n')}\n\n`,
    );
  } finally {
    await mochaGlobalTeardown();
  }
}

/** Users as if they had been made one after the other, without a password. */
async function fill({ databaseUrl, tenantId }: Management, tenant: string, users: number): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query(
    `insert into users (id, tenant_id, username, status, profile, local_name)
     select (lpad(to_hex(n + 1700000000000), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
            $1, 'user' || n, 'active', jsonb_build_object('email', 'user' || n || '@example.com'), 'user' || n
       from generate_series(1, $2::int) n`,
    [await tenantId(tenant), users],
  );
  await client.query('vacuum analyze users');
  await client.end();
}

async function operationsOf(management: Management, sizes: Record<string, number>): Promise<Operation[]> {
  const { get, post } = management;
  const middles: Record<string, string> = {};
  const ids: Record<string, readonly string[]> = {};
  for (const [tenant, users] of Object.entries(sizes)) {
    const filter = encodeURIComponent(`userName ge "user${String(Math.floor(users / 2))}"`);
    const page = await get(`/tenants/${tenant}/users?pageSize=50&sort=userName&filter=${filter}`);
    middles[tenant] = `sort=userName&filter=${filter}&pageToken=${encodeURIComponent(page.nextPageToken ?? '')}`;
    ids[tenant] = page.items.map(({ id }) => id);
  }
  let made = 0;
  return [
    { name: 'first page', run: async (tenant) => void (await get(`/tenants/${tenant}/users?pageSize=50`)) },
    {
      name: 'page in the middle',
      run: async (tenant) => void (await get(`/tenants/${tenant}/users?pageSize=50&${middles[tenant] ?? ''}`)),
    },
    {
      name: 'names that begin so',
      run: async (tenant, at) =>
        void (await get(
          `/tenants/${tenant}/users?filter=${encodeURIComponent(`userName sw "user${String(at % 900)}"`)}`,
        )),
    },
    {
      name: 'get',
      run: async (tenant, at) => void (await get(`/tenants/${tenant}/users/${ids[tenant]?.[at % 50] ?? ''}`)),
    },
    {
      name: 'create',
      run: async (tenant) => {
        made += 1;
        await post(`/tenants/${tenant}/users`, {
          userName: `made${String(made)}`,
          profile: { email: 'a@example.com' },
        });
      },
    },
  ];
}

const AT_ONCE = 4;

/** The two take turns, so that what disturbs the machine disturbs both. */
async function compare({ name, run }: Operation, seconds: number, rounds: number): Promise<string[]> {
  const rates: Record<'small' | 'large', number[]> = { small: [], large: [] };
  await rate(run, 'small', 0.5);
  await rate(run, 'large', 0.5);
  for (let round = 0; round < rounds; round++) {
    rates.small.push(await rate(run, 'small', seconds));
    rates.large.push(await rate(run, 'large', seconds));
  }
  const ratios = rates.large.map((large, round) => large / (rates.small[round] ?? NaN));
  const shown = (perSecond: readonly number[]) => `${median(perSecond).toFixed(0)}/s`;
  return [name, shown(rates.small), shown(rates.large), percent(median(ratios)), ratios.map(percent).join(', ')];
}

async function rate(run: Operation['run'], tenant: string, seconds: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  const worker = async () => {
    while (performance.now() - began < seconds * 1000) await run(tenant, done++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done / ((performance.now() - began) / 1000);
}

/** What Postgres did for the pages, as its own log tells it (auto_explain). */
async function plansOf({ get, planOf }: Management): Promise<string[][]> {
  const plans: string[][] = [];
  for (const tenant of ['small', 'large']) {
    const plan = await planOf(() => get(`/tenants/${tenant}/users?pageSize=50&sort=userName`));
    plans.push([tenant, String(plan.rows), `${plan.milliseconds.toFixed(2)} ms, ${plan.index}`]);
  }
  return plans;
}

async function importRows({ upload, pid }: Management, rows: number): Promise<string> {
  const before = residentMegabytes(pid());
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMegabytes(pid()))), 100);
  const began = performance.now();
  const summary = await upload('/tenants/imported/users:import', 'application/x-ndjson', Readable.from(lines(rows)));
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  return [
    `import of ${String(rows)} rows: ${seconds.toFixed(1)} s, ${(rows / seconds).toFixed(0)}/s,`,
    `${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most; ${summary}`,
  ].join(' ');
}

const HASH = '{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gBAgMECAUGBwgJCgs=';

function* lines(rows: number): Generator<string> {
  for (let row = 1; row <= rows; row++) {
    const profile = { email: `import${String(row)}@example.com`, givenName: 'Some', familyName: `Body ${String(row)}` };
    yield `${JSON.stringify({ userName: `import${String(row)}`, ...profile, passwordHash: HASH })}\n`;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`;
}

function tell(progress: string): void {
  process.stderr.write(`${progress}\n`);
}
