// What the measurements come to: rates, percentiles, what one operation costs, and which goals were reached. Pure.

import type { Benchmark, CountedCalls, Slice } from './benchmark.ts';
import type { Calls } from './calls.ts';
import type { ScenarioName } from './generator/scenarios.ts';
import type { TargetName } from './target.ts';

export interface Summary {
  scenarios: ScenarioSummary[];
  servers: Record<TargetName, ServerSummary>;
  goals: Goal[];
  /** What went wrong, some of it. */
  failures: string[];
}

export interface ScenarioSummary {
  scenario: ScenarioName;
  sallyport: Side;
  bare: Side;
  /** Sallyport's rate as a part of the library's. */
  ratio: number;
  /** The same of each round, as a measure of the noise. */
  ratios: number[];
  /** The library's CPU time of one operation as a part of Sallyport's: what the ratio would be if nothing else ran. */
  cpuRatio: number;
  /** Of one operation. */
  calls: { sql: Calls; redis: Calls; ldap: Calls; bare: Calls };
}

export interface Side {
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Milliseconds of one operation, by what used them. */
  cpu: Record<'server' | 'postgres' | 'redis' | 'slapd' | 'generator', number>;
}

export interface ServerSummary {
  /** Seconds, the median of several. */
  start: number;
  /** Megabytes. */
  atRest: number;
  afterLoad: number;
  afterRest: number;
}

export interface Goal {
  what: string;
  wanted: string;
  got: string;
  reached: boolean;
}

export function summarise({ slices, calls, servers }: Benchmark): Summary {
  const scenarios = calls.map((counted) => summariseScenario(counted, slices));
  const serverSummary = (name: TargetName): ServerSummary => {
    const { starts, memory } = servers[name];
    return { start: percentile(starts, 50), ...memory };
  };
  const summaries = { bare: serverSummary('bare'), sallyport: serverSummary('sallyport') };
  const failures = slices.flatMap(({ scenario, target, reasons, failures: count }) =>
    count > 0 ? [`${target}, ${scenario}: ${count} failed; ${reasons.join('; ')}`] : [],
  );
  return { scenarios, servers: summaries, goals: goalsOf(scenarios, summaries.sallyport), failures };
}

function summariseScenario({ scenario, operations, ...counted }: CountedCalls, slices: readonly Slice[]) {
  const of = (target: TargetName) => slices.filter((slice) => slice.scenario === scenario && slice.target === target);
  const [sallyport, bare] = [of('sallyport'), of('bare')];
  const [ours, theirs] = [sideOf(sallyport), sideOf(bare)];
  const each = (calls: Calls): Calls =>
    Object.fromEntries(Object.entries(calls).map(([name, count]) => [name, count / operations]));
  const { sql, redis, ldap } = counted.sallyport;
  return {
    scenario,
    sallyport: ours,
    bare: theirs,
    ratio: ours.perSecond / theirs.perSecond,
    ratios: sallyport.map((slice, round) => sideOf([slice]).perSecond / sideOf(bare.slice(round, round + 1)).perSecond),
    cpuRatio: theirs.cpu.server / ours.cpu.server,
    calls: { sql: each(sql), redis: each(redis), ldap: each(ldap), bare: each(counted.bare) },
  };
}

function sideOf(slices: readonly Slice[]): Side {
  const durations = slices.flatMap((slice) => [...slice.durations]);
  const total = (of: (slice: Slice) => number) => slices.reduce((sum, slice) => sum + of(slice), 0);
  const milliseconds = (of: (slice: Slice) => number) => (total(of) * 1000) / durations.length;
  return {
    perSecond: durations.length / total(({ seconds }) => seconds),
    p50: percentile(durations, 50),
    p99: percentile(durations, 99),
    cpu: {
      server: milliseconds(({ cpu }) => cpu.server),
      postgres: milliseconds(({ cpu }) => cpu.postgres),
      redis: milliseconds(({ cpu }) => cpu.redis),
      slapd: milliseconds(({ cpu }) => cpu.slapd),
      generator: milliseconds(({ cpuSeconds }) => cpuSeconds),
    },
  };
}

/** The nearest rank: a value that was measured. NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}

/** Those of two cores that Sallyport, its storage and the load generator share. */
function goalsOf(scenarios: readonly ScenarioSummary[], { start, afterLoad }: ServerSummary): Goal[] {
  const rate = (scenario: ScenarioName, wanted: number): Goal[] =>
    scenarios
      .filter((one) => one.scenario === scenario)
      .map(({ sallyport: { perSecond } }) => ({
        what: scenario,
        wanted: `${wanted}/s`,
        got: `${perSecond.toFixed(0)}/s`,
        reached: perSecond >= wanted,
      }));
  const part = (scenario: ScenarioName, wanted: number): Goal[] =>
    scenarios
      .filter((one) => one.scenario === scenario)
      .map(({ ratio }) => ({
        what: scenario,
        wanted: `${percents(wanted)} of bare`,
        got: percents(ratio),
        reached: ratio >= wanted,
      }));
  return [
    ...rate('login', 150),
    ...part('client-credentials', 0.8),
    ...part('refresh', 0.35),
    { what: 'memory after load', wanted: '< 200 MB', got: `${afterLoad.toFixed(0)} MB`, reached: afterLoad < 200 },
    { what: 'start', wanted: '< 2 s', got: `${start.toFixed(2)} s`, reached: start < 2 },
  ];
}

export function percents(part: number): string {
  return `${(part * 100).toFixed(0)} %`;
}
