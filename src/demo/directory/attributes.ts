// What this server knows of attributes: which hold DNs, which it keeps itself, and when two values are equal. It has no schema
// beyond that; names count without case.

import { comparableDn, prepare } from '../../directory/distinguished-name.ts';

const DN_VALUED = new Set([
  ...['member', 'uniquemember', 'owner', 'manager', 'seealso'],
  ...['memberof', 'entrydn', 'distinguishedname'],
]);

/** Values are kept as text. In these each character stands for a byte. */
const BINARY = new Set(['objectguid', 'objectsid', 'tokengroups']);

/** Sent only when asked for by name or by `+` (RFC 4511 4.5.1.8). */
const OPERATIONAL = new Set([
  ...['entryuuid', 'entrydn', 'distinguishedname', 'memberof'],
  ...['pwdaccountlockedtime', 'pwdfailuretime', 'pwdreset', 'pwdchangedtime'],
]);

/** Kept by the server alone (NO-USER-MODIFICATION). */
const READ_ONLY = new Set(['entryuuid', 'entrydn', 'distinguishedname', 'memberof', 'pwdchangedtime']);

export function isOperational(name: string): boolean {
  return OPERATIONAL.has(name.toLowerCase());
}

export function isReadOnly(name: string): boolean {
  return READ_ONLY.has(name.toLowerCase());
}

export function isPassword(name: string): boolean {
  return name.toLowerCase() === 'userpassword';
}

/** The entry's own DN, as an attribute: by the name of RFC 5020, and as Active Directory calls it. */
export function isOwnDn(name: string): boolean {
  return /^(?:entryDN|distinguishedName)$/i.test(name);
}

function isDnValued(name: string): boolean {
  return DN_VALUED.has(name.toLowerCase());
}

function isBinary(name: string): boolean {
  return BINARY.has(name.toLowerCase());
}

export function decodeValue(name: string, bytes: Buffer): string {
  return bytes.toString(isBinary(name) ? 'latin1' : 'utf8');
}

export function encodeValue(name: string, value: string): Buffer {
  return Buffer.from(value, isBinary(name) ? 'latin1' : 'utf8');
}

/** The form in which two values of an attribute are equal if and only if they match (RFC 4517 4.2). */
export function comparable(name: string, value: string): string {
  if (isPassword(name) || isBinary(name)) return value;
  return isDnValued(name) ? comparableDn(value) : prepare(value);
}

/** The lists of members that memberOf is worked out from. */
export const MEMBER_ATTRIBUTES = ['member', 'uniquemember'];

/** An entry of a class is one of these classes too (RFC 4519 3, RFC 2798 2). */
const SUPERCLASS: Readonly<Record<string, string>> = {
  inetorgperson: 'organizationalperson',
  organizationalperson: 'person',
};

export function withSuperclasses(classes: ReadonlySet<string>): ReadonlySet<string> {
  const all = new Set([...classes, 'top']);
  // A set goes on to what is added to it while it is walked through.
  for (const name of all) if (SUPERCLASS[name]) all.add(SUPERCLASS[name]);
  return all;
}
