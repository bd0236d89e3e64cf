// Writes LDIF (RFC 2849), and times as directories have them.

export type LdifAttributes = Readonly<Record<string, string | Buffer | readonly (string | Buffer)[]>>;

/** An entry, with the blank line that ends it. */
export function ldifEntry(dn: string, attributes: LdifAttributes): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) => line(name, value)),
  );
  return [line('dn', dn), ...lines, '', ''].join('\n');
}

/** A change that sets an attribute's values, or without any takes the attribute away. */
export function replacing(dn: string, attribute: string, ...values: (string | Buffer)[]): string {
  const lines = values.map((value) => line(attribute, value));
  return [line('dn', dn), 'changetype: modify', `replace: ${attribute}`, ...lines, '', ''].join('\n');
}

export function adding(dn: string, attribute: string, value: string): string {
  return [line('dn', dn), 'changetype: modify', `add: ${attribute}`, line(attribute, value), '', ''].join('\n');
}

/** A change of an entry's first RDN, and of where it is. */
export function renaming(dn: string, newRdn: string, newSuperior?: string): string {
  const to = newSuperior === undefined ? [] : [line('newsuperior', newSuperior)];
  const lines = ['changetype: modrdn', line('newrdn', newRdn), 'deleteoldrdn: 1', ...to];
  return [line('dn', dn), ...lines, '', ''].join('\n');
}

export function deleting(dn: string): string {
  return [line('dn', dn), 'changetype: delete', '', ''].join('\n');
}

export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

/** RFC 4517 3.3.13 */
export function generalizedTime(time: Date): string {
  return time.toISOString().replace(/[-:T]|\.\d+/g, '');
}

/** Intervals of 100 ns since 1601 ([MS-DTYP] 2.3.3). */
export function fileTime(time: Date): string {
  return `${(BigInt(time.getTime()) + 11_644_473_600_000n) * 10_000n}`;
}

function line(name: string, value: string | Buffer): string {
  const isSafe = typeof value === 'string' && /^[\x21-\x7e][\x20-\x7e]*$/.test(value) && !/^[:<]/.test(value);
  return isSafe ? `${name}: ${value}` : `${name}:: ${Buffer.from(value).toString('base64')}`;
}
