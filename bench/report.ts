// A summary as tables, for people.

import type { Calls } from './calls.ts';
import { percents } from './summary.ts';
import type { ScenarioSummary, Summary } from './summary.ts';

export interface Machine {
  cpus: number;
  model: string;
  node: string;
}

export function report({ scenarios, servers, goals, failures }: Summary, { cpus, model, node }: Machine): string {
  const sections = [
    `${cpus} cores (${model}), Node ${node}`,
    table(
      ['', 'Sallyport', 'p50', 'p99', 'bare', 'p50', 'p99', 'ratio', 'of each round', 'by CPU'],
      scenarios.map(({ scenario, sallyport, bare, ratio, ratios, cpuRatio }) => [
        scenario,
        ...[sallyport, bare].flatMap(({ perSecond, p50, p99 }) => [
          `${perSecond.toFixed(0)}/s`,
          `${p50.toFixed(1)} ms`,
          `${p99.toFixed(1)} ms`,
        ]),
        percents(ratio),
        ratios.map(percents).join(', '),
        percents(cpuRatio),
      ]),
    ),
    table(
      ['CPU ms of one', 'Sallyport', 'Postgres', 'Redis', 'slapd', 'generator', 'bare', 'generator'],
      scenarios.map(({ scenario, sallyport: { cpu }, bare }) => [
        scenario,
        ...[cpu.server, cpu.postgres, cpu.redis, cpu.slapd, cpu.generator, bare.cpu.server, bare.cpu.generator].map(
          (milliseconds) => milliseconds.toFixed(2),
        ),
      ]),
    ),
    table(['calls of one', 'SQL', 'Redis', 'LDAP', "bare's adapter"], scenarios.map(callsOf)),
    table(
      ['', 'start', 'memory at rest', 'after load', 'after rest'],
      Object.entries(servers).map(([name, { start, atRest, afterLoad, afterRest }]) => [
        name,
        `${start.toFixed(2)} s`,
        ...[atRest, afterLoad, afterRest].map((megabytes) => `${megabytes.toFixed(0)} MB`),
      ]),
    ),
    table(
      ['goal', 'wanted', 'got', ''],
      goals.map(({ what, wanted, got, reached }) => [what, wanted, got, reached ? 'reached' : 'missed']),
    ),
    ...(cpus === 2 ? [] : [`The goals are for two cores: taskset -c 0,1 npm run bench`]),
    ...failures.map((failure) => `FAILED ${failure}`),
  ];
  return `\n${sections.join('\n\n')}\n\n`;
}

function callsOf({ scenario, calls: { sql, redis, ldap, bare } }: ScenarioSummary): string[] {
  const operations = Object.entries(ldap).filter(([, count]) => count > 0);
  const kinds = operations.map(([name, count]) => `${name} ${count.toFixed(1)}`).join(', ');
  const { find = 0, findByUid = 0, ...writes } = bare;
  return [
    scenario,
    sum(sql).toFixed(1),
    sum(redis).toFixed(1),
    kinds === '' ? '0' : kinds,
    `${(find + findByUid).toFixed(1)} reads, ${sum(writes).toFixed(1)} writes`,
  ];
}

function sum(calls: Calls): number {
  return Object.values(calls).reduce((total, count) => total + count, 0);
}

/** The first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   ');
  return [head, ...rows].map((cells) => line(cells).trimEnd()).join('\n');
}
