// What Postgres does for a request, told by itself (auto_explain), with the values that the request had.

import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import type { TestPostgres } from '../test/support/postgres.ts';

export interface Plan {
  /** Of the table, also those that did not meet the conditions. */
  rowsRead: number;
  /** Of 8 kB, in memory or not. */
  blocks: number;
  milliseconds: number;
  /** How the table was read. */
  through: string;
}

interface PlanNode {
  'Node Type': string;
  'Index Name'?: string | undefined;
  'Relation Name'?: string | undefined;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number | undefined;
  'Rows Removed by Index Recheck'?: number | undefined;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[] | undefined;
}

const node: z.ZodType<PlanNode> = z.object({
  'Node Type': z.string(),
  'Index Name': z.string().optional(),
  'Relation Name': z.string().optional(),
  'Actual Rows': z.number(),
  'Actual Loops': z.number(),
  'Rows Removed by Filter': z.number().optional(),
  'Rows Removed by Index Recheck': z.number().optional(),
  'Shared Hit Blocks': z.number(),
  'Shared Read Blocks': z.number(),
  get Plans() {
    return z.array(node).optional();
  },
});

const explained = z.object({ 'Query Text': z.string(), Plan: node });

const SETTINGS = {
  log_min_duration: '0',
  log_analyze: 'on',
  log_buffers: 'on',
  log_format: 'json',
} as const;

/** What a request reads of `table` for a page of a list. */
export type PlanOf = (table: string, request: () => Promise<unknown>) => Promise<Plan>;

/** Postgres has to have auto_explain loaded. It explains every statement as long as `work` lasts, and is slower for it. */
export async function explaining<T>(
  postgres: Pick<TestPostgres, 'administer' | 'log'>,
  work: (planOf: PlanOf) => Promise<T>,
): Promise<T> {
  for (const [name, value] of Object.entries(SETTINGS)) {
    await postgres.administer(`alter system set auto_explain.${name} = '${value}'`);
  }
  await reload(postgres);
  try {
    return await work(async (table, request) => {
      const before = postgres.log().length;
      await request();
      await aMoment();
      return totalOf(plansIn(postgres.log().slice(before)).filter(isOfPage), table);
    });
  } finally {
    await postgres.administer('alter system reset auto_explain.log_min_duration');
    await reload(postgres);
  }
}

/** As db/listing.ts makes them. */
function isOfPage({ statement }: Explained): boolean {
  return statement.includes('list_key');
}

async function reload(postgres: Pick<TestPostgres, 'administer'>): Promise<void> {
  await postgres.administer('select pg_reload_conf()');
  await aMoment();
}

/** For connections to read the settings, and for what is logged to arrive here. */
function aMoment(): Promise<void> {
  return sleep(200);
}

interface Explained {
  statement: string;
  milliseconds: number;
  root: PlanNode;
}

/** A line that goes on where the last one ended begins with a tab. */
function plansIn(log: string): Explained[] {
  return [...log.matchAll(/duration: ([\d.]+) ms {2}plan:\n((?:\t.*\n)+)/g)].map(([, milliseconds, json = '']) => {
    const { 'Query Text': statement, Plan: root } = explained.parse(JSON.parse(json.replaceAll(/^\t/gm, '')));
    return { statement, milliseconds: Number(milliseconds), root };
  });
}

function totalOf(plans: readonly Explained[], table: string): Plan {
  if (plans.length === 0) throw new Error('Postgres explained nothing');
  const scans = plans.flatMap(({ root }) => scansOf(root, table));
  return {
    rowsRead: scans.reduce((sum, scan) => sum + rowsOf(scan), 0),
    blocks: plans.reduce((sum, { root }) => sum + root['Shared Hit Blocks'] + root['Shared Read Blocks'], 0),
    milliseconds: plans.reduce((sum, one) => sum + one.milliseconds, 0),
    through: [...new Set(scans.map(nameOf))].join(', '),
  };
}

function scansOf(one: PlanNode, table: string): PlanNode[] {
  const below = (one.Plans ?? []).flatMap((each) => scansOf(each, table));
  return one['Relation Name'] === table ? [one, ...below] : below;
}

/** Postgres tells averages of all loops. */
function rowsOf(scan: PlanNode): number {
  const { 'Actual Rows': kept, 'Rows Removed by Filter': filtered = 0 } = scan;
  return (kept + filtered + (scan['Rows Removed by Index Recheck'] ?? 0)) * scan['Actual Loops'];
}

function nameOf(scan: PlanNode): string {
  return scan['Index Name'] ?? scan['Node Type'];
}
