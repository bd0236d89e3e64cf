// The benchmark, as short as it can be: it still finds its way through the pages, and counts what it meets there.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import { z } from 'zod';

import { startProcess } from '../support/processes.ts';

const BENCH = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
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

    const [file = ''] = await readdir(results);
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
});
