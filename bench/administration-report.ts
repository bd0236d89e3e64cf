// What the benchmark of the admin API found, as tables, for people.

import type { ImportMeasure } from './administration-import.ts';
import { median } from './administration-operations.ts';
import type { Comparison } from './administration-operations.ts';
import type { Plan } from './plans.ts';
import { table } from './report.ts';
import type { Machine } from './report.ts';
import { percents } from './summary.ts';

export interface AdministrationSummary {
  sizes: Record<'small' | 'large', number>;
  operations: Comparison[];
  plans: (Plan & { name: string; tenant: 'small' | 'large' })[];
  imported: ImportMeasure;
}

export function administrationReport(
  { sizes, operations, plans, imported }: AdministrationSummary,
  { cpus, model, node }: Machine,
): string {
  const users = { small: `${String(sizes.small)} users`, large: `${String(sizes.large)} users` };
  const { rows, seconds, created, failed, memory } = imported;
  const sections = [
    `${cpus} cores (${model}), Node ${node}`,
    table(
      ['', users.small, users.large, 'ratio', 'of each round'],
      operations.map(({ name, small, large, ratios }) => [
        name,
        `${small.toFixed(0)}/s`,
        `${large.toFixed(0)}/s`,
        percents(median(ratios)),
        ratios.map(percents).join(', '),
      ]),
    ),
    table(
      ['what Postgres did', 'of', 'rows read', 'blocks', 'time', 'through'],
      plans.map(({ name, tenant, rowsRead, blocks, milliseconds, through }) => [
        name,
        users[tenant],
        rowsRead.toFixed(0),
        String(blocks),
        `${milliseconds.toFixed(2)} ms`,
        through,
      ]),
    ),
    table(
      ['import', 'seconds', 'rows', 'created', 'failed', 'memory before', 'at most', 'after'],
      [
        [
          `${String(rows)} rows`,
          seconds.toFixed(1),
          `${(rows / seconds).toFixed(0)}/s`,
          String(created),
          String(failed),
          ...[memory.before, memory.most, memory.after].map((megabytes) => `${megabytes.toFixed(0)} MB`),
        ],
      ],
    ),
  ];
  return `\n${sections.join('\n\n')}\n\n`;
}
