// Requests (RFC 4511 4.2 to 4.12), read from the wire.

import type { BerCursor } from '../../directory/ldap/ber.ts';
import { berCursor, MalformedMessage, readAll, tag } from '../../directory/ldap/ber.ts';
import { decodeValue } from './attributes.ts';
import type { Change } from './entry.ts';
import type { Filter } from './filter.ts';
import { readFilter } from './filter.ts';
import type { Scope } from './tree.ts';

export interface LdapRequest {
  id: number;
  operation: Operation;
  controls: readonly RequestControl[];
}

export interface RequestControl {
  oid: string;
  critical: boolean;
  value: Buffer | undefined;
}

export type Operation =
  BindOperation | SearchOperation | UpdateOperation | CompareOperation | ExtendedOperation | Notice;

export interface BindOperation {
  kind: 'bind';
  version: number;
  dn: string;
  /** Undefined for a mechanism other than simple. */
  password: string | undefined;
}
export interface SearchOperation {
  kind: 'search';
  base: string;
  scope: Scope;
  sizeLimit: number;
  typesOnly: boolean;
  filter: Filter;
  attributes: readonly string[];
}
export type UpdateOperation =
  | { kind: 'add'; dn: string; attributes: readonly { name: string; values: readonly string[] }[] }
  | { kind: 'modify'; dn: string; changes: readonly Change[] }
  | { kind: 'delete'; dn: string }
  | { kind: 'rename'; dn: string; newRdn: string; deleteOldRdn: boolean; newSuperior: string | undefined };
export interface CompareOperation {
  kind: 'compare';
  dn: string;
  attribute: string;
  value: string;
}
export interface ExtendedOperation {
  kind: 'extended';
  oid: string;
  value: Buffer | undefined;
}
/** What is not answered. */
export type Notice = { kind: 'unbind' } | { kind: 'abandon' };

const CONTROLS = 0xa0;
const SIMPLE = 0x80;

/** @throws MalformedMessage */
export function readRequest(message: Buffer): LdapRequest {
  const envelope = berCursor(message).enter();
  const id = envelope.integer();
  const operation = readOperation(envelope);
  const controls = envelope.more ? readAll(envelope.enter(CONTROLS), readControl) : [];
  return { id, operation, controls };
}

function readOperation(envelope: BerCursor): Operation {
  const kind = envelope.peek() ?? 0;
  if (kind === 0x4a) return { kind: 'delete', dn: envelope.text(kind) };
  const body = envelope.enter(kind);
  const read = READERS[kind];
  if (!read) throw new MalformedMessage(`an operation 0x${kind.toString(16)}`);
  return read(body);
}

const READERS: Readonly<Record<number, (body: BerCursor) => Operation>> = {
  0x42: () => ({ kind: 'unbind' }),
  0x50: () => ({ kind: 'abandon' }),
  0x60: readBind,
  0x63: readSearch,
  0x66: readModify,
  0x68: readAdd,
  0x6c: readRename,
  0x6e: readCompare,
  0x77: readExtended,
};

function readControl(list: BerCursor): RequestControl {
  const control = list.enter();
  const oid = control.text();
  const critical = control.peek() === tag.boolean && control.boolean();
  return { oid, critical, value: control.more ? control.bytes() : undefined };
}

function readBind(body: BerCursor): BindOperation {
  const version = body.integer();
  const dn = body.text();
  return { kind: 'bind', version, dn, password: body.peek() === SIMPLE ? body.text(SIMPLE) : undefined };
}

const SCOPES: readonly Scope[] = ['base', 'one', 'sub', 'children'];

function readSearch(body: BerCursor): SearchOperation {
  const base = body.text();
  const scope = SCOPES[body.integer(tag.enumerated)];
  if (!scope) throw new MalformedMessage('a search of no known scope');
  body.integer(tag.enumerated); // derefAliases: there are none here
  const sizeLimit = body.integer();
  body.integer(); // timeLimit: a search takes no time here
  const typesOnly = body.boolean();
  const filter = readFilter(body);
  return { kind: 'search', base, scope, sizeLimit, typesOnly, filter, attributes: readAll(body.enter(), readText) };
}

const CHANGE_KINDS: readonly Change['kind'][] = ['add', 'delete', 'replace'];

function readModify(body: BerCursor): UpdateOperation {
  const dn = body.text();
  const changes = readAll(body.enter(), (list): Change => {
    const change = list.enter();
    const kind = CHANGE_KINDS[change.integer(tag.enumerated)];
    if (!kind) throw new MalformedMessage('a change of no known kind');
    return { kind, ...readAttribute(change) };
  });
  return { kind: 'modify', dn, changes };
}

function readAdd(body: BerCursor): UpdateOperation {
  return { kind: 'add', dn: body.text(), attributes: readAll(body.enter(), readAttribute) };
}

function readAttribute(list: BerCursor): { name: string; values: string[] } {
  const attribute = list.enter();
  const name = attribute.text();
  return { name, values: readAll(attribute.enter(tag.set), (value) => decodeValue(name, value.bytes())) };
}

function readRename(body: BerCursor): UpdateOperation {
  const dn = body.text();
  const newRdn = body.text();
  const deleteOldRdn = body.boolean();
  return { kind: 'rename', dn, newRdn, deleteOldRdn, newSuperior: body.more ? body.text(0x80) : undefined };
}

function readCompare(body: BerCursor): CompareOperation {
  const dn = body.text();
  const assertion = body.enter();
  const attribute = assertion.text();
  return { kind: 'compare', dn, attribute, value: decodeValue(attribute, assertion.bytes()) };
}

function readExtended(body: BerCursor): ExtendedOperation {
  return { kind: 'extended', oid: body.text(0x80), value: body.more ? body.bytes(0x81) : undefined };
}

function readText(list: BerCursor): string {
  return list.text();
}
