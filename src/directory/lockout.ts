// How many failed binds the directory allows, and how many it allows one person yet. What each kind of server tells, and where,
// stands in lockout-rules.ts; here it is asked, and remembered for a while, so that a sign-in asks nothing more.

import { assumedLockout, hiddenLockout } from './assumed-lockout.ts';
import type { ConfiguredLockout } from './assumed-lockout.ts';
import type { LockoutPolicy } from './directory.ts';
import { comparableDn, formatDn, isDn, parseDn } from './distinguished-name.ts';
import type { Search } from './ldap/connection.ts';
import { equal } from './ldap/filter.ts';
import type { LdapEntry } from './ldap/responses.ts';
import { whatIsShown } from './ldap/result-error.ts';
import type { ReadRootDse } from './ldap/root-dse.ts';
import type { LockoutKind, LockoutRules, RuleSource } from './lockout-rules.ts';
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
  rootDse: ReadRootDse;
  kind: LockoutKind | null;
  baseDn: string;
  configured: ConfiguredLockout;
  /** Hears once of each rule for single people that the service account may not read, by its DN. */
  rulesHidden: ((dn: string) => void) | undefined;
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

export function createLockout(options: LockoutOptions): Lockout {
  const { search, rootDse, kind, baseDn, configured, rulesHidden, now } = options;
  if (!kind) return { attributes: [], policy: async () => undefined, bindsLeft: async () => undefined };
  const rules = LOCKOUT_RULES[kind];
  const known = remembered(now, async () => {
    const { namingContexts } = await rootDse();
    return readPolicies(search, rules, contextOf(baseDn, namingContexts));
  });
  const hidden = new Set<string>();
  const policyOf = async (person: LdapEntry): Promise<LockoutPolicy> => {
    const { general, own } = await known();
    const [named] = person.values(rules.own.namedBy);
    if (named === undefined) return general ?? assumedLockout(configured);
    const shown = own.get(comparableDn(named));
    if (shown) return shown;
    if (!hidden.has(named)) rulesHidden?.(named);
    hidden.add(named);
    return hiddenLockout(configured, general);
  };
  return {
    attributes: [rules.own.namedBy, ...rules.attributes],
    policy: async () => (await known()).general,
    bindsLeft: async (person) => {
      const policy = await policyOf(person);
      // One that locks at the first failure leaves nothing to stop before: nobody could be asked for a password at all.
      if (policy.threshold <= 1) return undefined;
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

async function readPolicies(search: Search, { general, own }: LockoutRules, context: string): Promise<Known> {
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
  const entries = await whatIsShown(search(query));
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
function contextOf(baseDn: string, namingContexts: readonly string[]): string {
  const contexts = namingContexts.filter((context) => isDn(context) && isBelow(baseDn, context));
  const [deepest] = contexts.sort((a, b) => parseDn(b).length - parseDn(a).length);
  return deepest ?? (domainOf(baseDn) || baseDn);
}

/** Or the very same. */
function isBelow(dn: string, context: string): boolean {
  return `,${comparableDn(dn)}`.endsWith(`,${comparableDn(context)}`);
}

function domainOf(dn: string): string {
  return formatDn(parseDn(dn).filter(([part]) => part?.type.toLowerCase() === 'dc'));
}
