// `npm run bench:admin`: what the admin API does a second on a small tenant and on a large one, side by side, what a page of a list
// costs Postgres, and how long an import takes and how much memory.

import path from 'node:path';

import { Command } from 'commander';

import { mochaGlobalTeardown } from '../test/support/global-teardown.ts';
import { importRows } from './administration-import.ts';
import { compare, operationsOf, pagesOf } from './administration-operations.ts';
import type { Operation } from './administration-operations.ts';
import { fillTenant } from './administration-users.ts';
import { administrationReport } from './administration-report.ts';
import type { AdministrationSummary } from './administration-report.ts';
import { RESULTS, keep, machine, positive, tell, whole } from './command.ts';
import { startManagement } from './management.ts';
import type { Management } from './management.ts';
import { explaining } from './plans.ts';

interface Options {
  small: number;
  large: number;
  rows: number;
  seconds: number;
  rounds: number;
  keys: number;
  cpuProf?: string;
  results: string;
}

await new Command('bench:admin')
  .description('Measures the admin API on a small tenant and on a large one, on this machine.')
  .option('--small <n>', 'users of the small tenant', whole, 1000)
  .option('--large <n>', 'users of the large one', whole, 1000000)
  .option('--rows <n>', 'rows of the import', whole, 100000)
  .option('--seconds <n>', 'for each operation and tenant, over all rounds', positive, 6)
  .option('--rounds <n>', 'turns that the two tenants take', whole, 3)
  .option('--keys <n>', 'API keys that take turns: each may ask 1,200 times a minute', whole, 60)
  .option('--cpu-prof <folder>', "where the server's CPU profile goes")
  .option('--results <folder>', 'where the JSON goes', RESULTS)
  .action(bench)
  .parseAsync();

async function bench({ cpuProf, results, ...options }: Options): Promise<void> {
  try {
    const summary = await measure(options, cpuProf && path.resolve(cpuProf));
    process.stdout.write(administrationReport(summary, machine()));
    keep(results, { machine: machine(), options, ...summary }, 'admin-');
  } finally {
    await mochaGlobalTeardown();
  }
}

async function measure(
  { small, large, rows, seconds, rounds, keys }: Omit<Options, 'cpuProf' | 'results'>,
  profileFolder: string | undefined,
): Promise<AdministrationSummary> {
  const sizes = { small, large };
  tell('starting Postgres, Redis and Sallyport');
  const management = await startManagement({ keys, profileFolder });
  tell(`filling two tenants with ${String(small)} and ${String(large)} users`);
  for (const tenant of ['small', 'large'] as const) await fillTenant(management, tenant, sizes[tenant]);

  const operations: AdministrationSummary['operations'] = [];
  for (const operation of await operationsOf(management, sizes)) {
    tell(operation.name);
    operations.push(await compare(operation, { seconds, rounds }));
  }
  tell('plans');
  const plans = await plansOf(management, await pagesOf(management, sizes));
  tell(`importing ${String(rows)} rows`);
  return { sizes, operations, plans, imported: await importRows(management, rows) };
}

async function plansOf({ postgres }: Management, pages: readonly Operation[]): Promise<AdministrationSummary['plans']> {
  return explaining(postgres, async (planOf) => {
    const plans: AdministrationSummary['plans'] = [];
    for (const { name, ask } of pages) {
      for (const tenant of ['small', 'large'] as const) {
        plans.push({ name, tenant, ...(await planOf('users', () => ask(tenant, 1))) });
      }
    }
    return plans;
  });
}
