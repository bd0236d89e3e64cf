// How many failed binds the directory allows, and how many it allows one person yet. What each kind of server tells, and where,
// stands in lockout-rules.ts; here it is asked, and remembered for a while, so that a sign-in asks nothing more.

import type { LockoutPolicy } from './directory.ts';
import { comparableDn, formatDn, isDn, parseDn } from './distinguished-name.ts';
import type { Search } from './ldap-connection.ts';
import { LdapResultError } from './ldap-connection.ts';
import { equal, present } from './ldap-filter.ts';
import { NOT_SERVING } from './ldap-pool.ts';
import type { LdapEntry } from './ldap-responses.ts';
import type { LockoutKind, RuleSource } from './lockout-rules.ts';
import { LOCKOUT_RULES } from './lockout-rules.ts';

export interface Lockout {
  /** Attributes of a person's entry that `bindsLeft` reads. */
  attributes: readonly string[];
  /** For everybody who has none of their own; the strictest where it is not known which that is. */
  policy(): Promise<LockoutPolicy | undefined>;
  bindsLeft(person: LdapEntry): Promise<number | undefined>;
}

export interface LockoutOptions {
  search: Search;
  kind: LockoutKind | null;
  baseDn: string;
  now(): Date;
}

interface Known {
  general: LockoutPolicy | undefined;
  /** By the comparable DN of the rules' entry. */
  own: ReadonlyMap<string, LockoutPolicy>;
}

const REMEMBERED_MS = 10 * 60_000;
/** What the server did not tell, it may tell once the administrator has been asked. */
const UNTOLD_REMEMBERED_MS = 60_000;

export function createLockout({ search, kind, baseDn, now }: LockoutOptions): Lockout {
  if (!kind) return { attributes: [], policy: async () => undefined, bindsLeft: async () => undefined };
  const rules = LOCKOUT_RULES[kind];
  const known = remembered(now, () => readPolicies(search, kind, baseDn));
  return {
    attributes: [rules.own.namedBy, ...rules.attributes],
    policy: async () => (await known()).general,
    bindsLeft: async (person) => {
      const { general, own } = await known();
      const [named = ''] = person.values(rules.own.namedBy);
      const policy = own.get(comparableDn(named)) ?? general;
      // One that locks at the first failure leaves nothing to stop before: nobody could be asked for a password at all.
      if (!policy || policy.threshold <= 1) return undefined;
      const failures = rules.failures(person, policy, now());
      return failures === undefined ? undefined : Math.max(0, policy.threshold - failures);
    },
  };
}

/** Asks at most once at a time; a fault is not remembered. */
function remembered(now: () => Date, ask: () => Promise<Known>): () => Promise<Known> {
  let answer: Promise<Known> | undefined;
  let until = 0;
  const askAnew = async (): Promise<Known> => {
    try {
      const known = await ask();
      until = now().getTime() + (known.general ? REMEMBERED_MS : UNTOLD_REMEMBERED_MS);
      return known;
    } catch (error) {
      answer = undefined;
      throw error;
    }
  };
  return () => {
    if (answer && now().getTime() < until) return answer;
    until = Infinity;
    return (answer = askAnew());
  };
}

async function readPolicies(search: Search, kind: LockoutKind, baseDn: string): Promise<Known> {
  const { general, own } = LOCKOUT_RULES[kind];
  const context = await namingContext(search, baseDn);
  const policies = await readRules(search, general, context);
  const others = general.objectClass === own.objectClass ? policies : await readRules(search, own, context);
  return { general: strictest([...policies.values()]), own: others };
}

async function readRules(
  search: Search,
  { base, scope, objectClass, attributes, read }: RuleSource,
  context: string,
): Promise<ReadonlyMap<string, LockoutPolicy>> {
  const query = { base: base(context), scope, filter: equal('objectClass', objectClass), attributes };
  const entries = await orUntold(search(query));
  return new Map(
    entries.flatMap((entry) => {
      const policy = read(entry);
      return policy ? [[comparableDn(entry.dn), policy] as const] : [];
    }),
  );
}

function strictest(policies: readonly LockoutPolicy[]): LockoutPolicy | undefined {
  const patience = ({ threshold }: LockoutPolicy): number => threshold || Infinity;
  const memory = ({ window }: LockoutPolicy): number => window ?? Number.MAX_VALUE;
  const [first] = [...policies].sort((a, b) => compare(patience(a), patience(b)) || memory(b) - memory(a));
  return first;
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The part of the directory that holds `baseDn` (RFC 4512 5.1); where the server hides it, what looks like a domain's root. */
async function namingContext(search: Search, baseDn: string): Promise<string> {
  const filter = present('objectClass');
  const [root] = await orUntold(search({ base: '', scope: 'base', filter, attributes: ['namingContexts'] }));
  const contexts = root?.values('namingContexts').filter((context) => isDn(context) && isWithin(baseDn, context)) ?? [];
  const [deepest] = contexts.sort((a, b) => parseDn(b).length - parseDn(a).length);
  return deepest ?? (domainOf(baseDn) || baseDn);
}

function isWithin(dn: string, context: string): boolean {
  return `,${comparableDn(dn)}`.endsWith(`,${comparableDn(context)}`);
}

function domainOf(dn: string): string {
  return formatDn(parseDn(dn).filter(([part]) => part?.type.toLowerCase() === 'dc'));
}

/** What may not be read is not told; a server that serves nobody is a fault. */
async function orUntold(searched: Promise<LdapEntry[]>): Promise<LdapEntry[]> {
  try {
    return await searched;
  } catch (error) {
    if (error instanceof LdapResultError && !NOT_SERVING.has(error.code)) return [];
    throw error;
  }
}
