// The benchmark, as short as it can be: it still finds its way through the pages, and counts what it meets there.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import { z } from 'zod';

import { startProcess } from '../support/processes.ts';

const BENCH = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const ADMIN_BENCH = fileURLToPath(new URL('../../bench/administration.ts', import.meta.url));
const SCENARIOS = ['login', 'client-credentials', 'refresh'];
const SHORT = [
  '--seconds',
  '0.5',
  '--rounds',
  '1',
  '--warm-up',
  '0.1',
  '--starts',
  '1',
  '--rest',
  '0.1',
  '--people',
  '100',
];

const SHORT_ADMIN = [
  ...['--small', '200', '--large', '400'],
  ...['--rows', '300', '--seconds', '0.1', '--rounds', '1', '--keys', '5'],
];

const side = z.object({ perSecond: z.number().positive() });
const calls = z.record(z.string(), z.number());
const kept = z.object({
  failures: z.array(z.string()),
  scenarios: z.array(
    z.object({
      scenario: z.string(),
      sallyport: side,
      bare: side,
      calls: z.object({ sql: calls, redis: calls, ldap: calls, bare: calls }),
    }),
  ),
});

const comparison = z.object({ name: z.string(), small: z.number().positive(), large: z.number().positive() });
const plan = z.object({ name: z.string(), tenant: z.string(), rowsRead: z.number(), through: z.string() });
const imported = z.object({
  created: z.number(),
  failed: z.number(),
  memory: z.object({ most: z.number().positive() }),
});
const keptOfAdmin = z.object({ operations: z.array(comparison), plans: z.array(plan), imported });

describe('the benchmark', () => {
  let results: string;
  before(async () => {
    results = await mkdtemp(path.join(tmpdir(), 'sallyport-bench-results-'));
  });
  after(() => rm(results, { recursive: true }));

  it('measures without a failure, and keeps what it found', async function () {
    this.timeout(90_000);
    const bench = await startProcess(process.execPath, [BENCH, ...SHORT, '--only', ...SCENARIOS, '--results', results]);
    expect(await bench.exited, bench.output()).to.equal(0);

    const file = (await readdir(results)).find((name) => !name.startsWith('admin-')) ?? '';
    const { scenarios, failures } = kept.parse(JSON.parse(await readFile(path.join(results, file), 'utf8')));
    expect(failures).to.deep.equal([]);
    const names = scenarios.map(({ scenario }) => scenario);
    expect(names).to.deep.equal(SCENARIOS);
    const [login] = scenarios;
    expect(login?.calls.ldap).to.have.property('bind').least(1);
    expect(login?.calls.bare).to.have.property('upsert').above(5);
    expect(Object.keys(login?.calls.sql ?? {})).to.include('begin');
    expect(Object.keys(login?.calls.redis ?? {})).to.include('set AuthorizationCode');
  });

  it('of the admin API compares two tenants, and tells what Postgres read for a page', async function () {
    this.timeout(90_000);
    const bench = await startProcess(process.execPath, [ADMIN_BENCH, ...SHORT_ADMIN, '--results', results]);
    expect(await bench.exited, bench.output()).to.equal(0);

    const file = (await readdir(results)).find((name) => name.startsWith('admin-')) ?? '';
    const summary = keptOfAdmin.parse(JSON.parse(await readFile(path.join(results, file), 'utf8')));
    expect(summary.operations.map(({ name }) => name)).to.include.members(['page in the middle', 'get', 'create']);
    const byName = summary.plans.filter(({ name }) => name === 'first page by name');
    expect(byName.map(({ tenant }) => tenant)).to.deep.equal(['small', 'large']);
    for (const { rowsRead, through } of byName)
      expect({ rowsRead, through }).to.deep.equal({ rowsRead: 51, through: 'users_by_name' });
    expect(summary.imported).to.deep.include({ created: 300, failed: 0 });
  });
});
