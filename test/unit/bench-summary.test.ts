import { expect } from 'chai';

import type { Benchmark, Slice } from '../../bench/benchmark.ts';
import { report } from '../../bench/report.ts';
import { percentile, summarise } from '../../bench/summary.ts';
import type { TargetName } from '../../bench/target.ts';

const IDLE = { server: 0, postgres: 0, redis: 0, slapd: 0 };

function slice(target: TargetName, durations: number[], more: Partial<Slice> = {}): Slice {
  const measured = { durations: Float64Array.from(durations), seconds: 1, failures: 0, reasons: [], cpuSeconds: 0 };
  return { scenario: 'refresh', target, ...measured, cpu: IDLE, ...more };
}

function benchmark(slices: Slice[]): Benchmark {
  const facts = { starts: [3, 1, 2], memory: { atRest: 100, afterLoad: 199, afterRest: 150 } };
  const sallyport = { sql: { begin: 10, commit: 10 }, redis: {}, ldap: { bind: 5 } };
  return {
    slices,
    calls: [{ scenario: 'refresh', operations: 10, sallyport, bare: { find: 30, upsert: 20 } }],
    servers: { bare: facts, sallyport: facts },
  };
}

function refreshOf(slices: Slice[]) {
  const [only] = summarise(benchmark(slices)).scenarios;
  if (!only) throw new Error('there is no summary of the scenario');
  return only;
}

describe('the summary of a benchmark', () => {
  it('takes percentiles from what was measured', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([50, 99, 100].map((percent) => percentile(hundred, percent))).to.deep.equal([50, 99, 100]);
    expect(percentile([7], 1)).to.equal(7);
    expect(percentile([], 50)).to.be.NaN;
  });

  it('compares the rates of all rounds, and of each', () => {
    const { sallyport, bare, ratio, ratios } = refreshOf([
      slice('bare', [1, 1, 1, 1]),
      slice('sallyport', [2, 2]),
      slice('bare', [1, 1, 1, 1], { seconds: 2 }),
      slice('sallyport', [2, 2], { seconds: 4 }),
    ]);
    expect([sallyport.perSecond, bare.perSecond]).to.deep.equal([4 / 5, 8 / 3]);
    expect(ratio).to.be.closeTo(0.3, 1e-9);
    expect(ratios).to.deep.equal([0.5, 0.25]);
  });

  it('tells what one operation costs and calls', () => {
    const cpu = { server: 0.02, postgres: 0.01, redis: 0.004, slapd: 0.002 };
    const bare = slice('bare', [1], { cpu: { ...IDLE, server: 0.004 } });
    const one = refreshOf([bare, slice('sallyport', [1, 1], { cpu, cpuSeconds: 0.006 })]);
    expect(one.cpuRatio).to.equal(0.4);
    expect(one.sallyport.cpu).to.deep.equal({ server: 10, postgres: 5, redis: 2, slapd: 1, generator: 3 });
    expect(one.calls.sql).to.deep.equal({ begin: 1, commit: 1 });
    expect(one.calls.bare).to.deep.equal({ find: 3, upsert: 2 });
  });

  it('says which goals were reached, of what was measured', () => {
    const { goals } = summarise(benchmark([slice('bare', [1, 1, 1]), slice('sallyport', [1])]));
    expect(goals.map(({ what, reached }) => [what, reached])).to.deep.equal([
      ['refresh', false],
      ['memory after load', true],
      ['start', false],
    ]);
  });

  it('shows failures', () => {
    const failed = slice('sallyport', [1], { failures: 3, reasons: ['it answered 500'] });
    const summary = summarise(benchmark([slice('bare', [1]), failed]));
    expect(summary.failures).to.deep.equal(['sallyport, refresh: 3 failed; it answered 500']);
    const text = report(summary, { cpus: 2, model: 'a processor', node: '24.0.0' });
    expect(text).to.include('FAILED sallyport, refresh');
    expect(text).to.match(/^refresh +1\/s +1\.0 ms +1\.0 ms +1\/s .* 100 % +100 % +NaN %/m);
  });
});
