// What is asked of the admin API, the same of either tenant, and how often a second each of them answers.

import type { Management, TenantName } from './management.ts';
import { userId, userName } from './administration-users.ts';

export interface Operation {
  name: string;
  /** One request to a tenant; `at` counts them. */
  ask(tenant: TenantName, at: number): Promise<unknown>;
}

export interface Comparison {
  name: string;
  /** Median of the rounds, a second. */
  small: number;
  large: number;
  /** The large tenant's rate as a part of the small one's, in each round. */
  ratios: number[];
}

type Sizes = Record<'small' | 'large', number>;

const PAGE = 50;
const AT_ONCE = 4;
/** Coprime to the number of users: one after the other, all over the table. */
const STRIDE = 7919;

export async function operationsOf(management: Management, sizes: Sizes): Promise<Operation[]> {
  const { ask } = management;
  let made = 0;
  return [
    ...(await pagesOf(management, sizes)),
    {
      name: 'get',
      ask: (tenant, at) => ask(`/tenants/${tenant}/users/${userId(tenant, (at * STRIDE) % sizeOf(sizes, tenant))}`),
    },
    {
      name: 'create',
      ask: (tenant) => {
        const name = `made${String(made++)}`;
        const json = { userName: name, profile: { email: `${name}@example.com` } };
        return ask(`/tenants/${tenant}/users`, { json });
      },
    },
  ];
}

/** The lists among them, which answer as many users in either tenant. */
export async function pagesOf(management: Management, sizes: Sizes): Promise<Operation[]> {
  const list = (tenant: TenantName, query: Record<string, string>) =>
    management.ask(`/tenants/${tenant}/users?${new URLSearchParams({ pageSize: String(PAGE), ...query }).toString()}`);
  const middles = {
    small: await middleOf(list, 'small', sizes.small),
    large: await middleOf(list, 'large', sizes.large),
  };
  return [
    { name: 'first page', ask: (tenant) => list(tenant, {}) },
    { name: 'first page by name', ask: (tenant) => list(tenant, { sort: 'userName' }) },
    { name: 'page in the middle', ask: (tenant) => list(tenant, tenant === 'imported' ? {} : middles[tenant]) },
    {
      name: 'prefix, ten users',
      ask: (tenant, at) => {
        const prefix = userName((at * STRIDE) % sizeOf(sizes, tenant)).slice(0, -1);
        return list(tenant, { filter: `userName sw "${prefix}"` });
      },
    },
    {
      name: 'prefix, many users',
      ask: (tenant) => list(tenant, { filter: `userName sw "${userName(0).slice(0, -3)}"` }),
    },
    {
      name: 'address',
      ask: (tenant, at) => {
        const name = userName((at * STRIDE) % sizeOf(sizes, tenant));
        return list(tenant, { filter: `email eq "${name}@example.com"` });
      },
    },
  ];
}

type List = (tenant: TenantName, query: Record<string, string>) => ReturnType<Management['ask']>;

/** The query of the page that follows the one in the middle: there is no other way to a page than by its token. */
async function middleOf(list: List, tenant: TenantName, users: number): Promise<Record<string, string>> {
  const query = { sort: 'userName', filter: `userName ge "${userName(Math.floor(users / 2))}"` };
  const { nextPageToken: pageToken } = (await list(tenant, query)).body;
  if (pageToken === undefined) throw new Error(`${String(users)} users are too few: their middle is their last page`);
  return { ...query, pageToken };
}

function sizeOf(sizes: Sizes, tenant: TenantName): number {
  return tenant === 'imported' ? 0 : sizes[tenant];
}

/** The two take turns, so that what disturbs the machine disturbs both. */
export async function compare(
  { name, ask }: Operation,
  { seconds, rounds }: { seconds: number; rounds: number },
): Promise<Comparison> {
  const rates: Record<'small' | 'large', number[]> = { small: [], large: [] };
  const turn = seconds / rounds;
  for (const tenant of ['small', 'large'] as const) await rate(ask, tenant, Math.min(0.5, turn));
  for (let round = 0; round < rounds; round++) {
    for (const tenant of ['small', 'large'] as const) rates[tenant].push(await rate(ask, tenant, turn));
  }
  const ratios = rates.large.map((large, round) => large / (rates.small[round] ?? NaN));
  return { name, small: median(rates.small), large: median(rates.large), ratios };
}

async function rate(ask: Operation['ask'], tenant: TenantName, seconds: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  const worker = async () => {
    while (performance.now() - began < seconds * 1000) await ask(tenant, done++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done / ((performance.now() - began) / 1000);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
