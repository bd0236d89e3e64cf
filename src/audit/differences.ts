// What a write changed, for the audit trail: member by member, without secrets.

/** `from` and `to` are JSON; one that is left out was, or is, not there. */
export interface Difference {
  /** As a JSON pointer: `/profile/email`. */
  at: string;
  from?: unknown;
  to?: unknown;
}

/** `recovery-code` is a factor's name, and what a policy says of it is none. */
const SECRET = /secret|password|token|hash|seed|^key$|(?<!-)codes?$/i;
/** It is different after every write, and the event has a time of its own. */
const SAYS_NOTHING = '/updatedAt';
const REDACTED = '(not shown)';
const LONGEST_TEXT = 200;
const MOST = 100;

/** Of two states of one thing, as JSON has them. */
export function differencesOf(before: object | undefined, after: object | undefined): Difference[] {
  const found: Difference[] = [];
  compare(plain(before), plain(after), '', found);
  return found.slice(0, MOST);
}

function compare(from: unknown, to: unknown, at: string, found: Difference[]): void {
  if (at === SAYS_NOTHING) return;
  if (JSON.stringify(from) === JSON.stringify(to)) return;
  if (isRecord(from ?? {}) && isRecord(to ?? {})) {
    const before = isRecord(from) ? from : {};
    const after = isRecord(to) ? to : {};
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(before[name], after[name], `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, found);
    }
    return;
  }
  const isSecret = at.split('/').some((name) => SECRET.test(name));
  // A number or a switch is no secret: `tokens.accessToken` is a life in seconds.
  const shown = (value: unknown) =>
    isSecret && typeof value !== 'number' && typeof value !== 'boolean' ? REDACTED : bounded(value);
  found.push({ at, ...(from !== undefined && { from: shown(from) }), ...(to !== undefined && { to: shown(to) }) });
}

function bounded(value: unknown): unknown {
  if (typeof value === 'string' && value.length > LONGEST_TEXT) return `${value.slice(0, LONGEST_TEXT)}…`;
  if (Array.isArray(value)) return value.slice(0, MOST).map(bounded);
  if (isRecord(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, SECRET.test(name) ? REDACTED : bounded(one)]),
    );
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function plain(value: object | undefined): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
