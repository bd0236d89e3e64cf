// What a server may answer to a bind, a search, a modify or an extended request (RFC 4511 4.1.9, 4.2.2, 4.5.2, 4.6, 4.12), read
// strictly.
// ldapts' own parser takes a missing result code for success, and an inner length that runs past its parent never ends.

import type { BerCursor } from './ber.ts';
import { berCursor, MalformedMessage, readAll, tag } from './ber.ts';

export type LdapResponse =
  | { kind: 'result'; id: number; operation: ResultOperation; result: LdapResult }
  | { kind: 'entry'; id: number; entry: LdapEntry }
  | { kind: 'reference'; id: number };

export type ResultOperation = 'bind' | 'search' | 'modify' | 'extended';

export interface LdapResult {
  /** RFC 4511 appendix A. */
  code: number;
  diagnosticMessage: string;
  /** Values of the response controls by OID; empty where a control came without one. */
  controls: ReadonlyMap<string, Buffer>;
}

export class LdapEntry {
  readonly dn: string;
  readonly #values: ReadonlyMap<string, readonly Buffer[]>;

  /** `values` by attribute description in lower case. */
  constructor(dn: string, values: ReadonlyMap<string, readonly Buffer[]>) {
    this.dn = dn;
    this.#values = values;
  }

  /** The descriptions of its attributes (RFC 4512 2.5), options and all, in lower case. */
  get attributes(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** The values of an attribute, whose name counts without case; empty where it has none or may not be read. */
  values(attribute: string): readonly string[] {
    return this.bytes(attribute).map((value) => value.toString('utf8'));
  }

  /** The same, of an attribute whose values are not text. */
  bytes(attribute: string): readonly Buffer[] {
    return this.#values.get(attribute.toLowerCase()) ?? [];
  }
}

const SEARCH_ENTRY = 0x64;
const SEARCH_REFERENCE = 0x73;
const CONTROLS = 0xa0;
const RESULTS: Readonly<Record<number, ResultOperation>> = {
  0x61: 'bind',
  0x65: 'search',
  0x67: 'modify',
  0x78: 'extended',
};

/** @throws MalformedMessage */
export function readResponse(message: Buffer): LdapResponse {
  const envelope = berCursor(message).enter();
  const id = envelope.integer();
  const operation = envelope.peek() ?? 0;
  const body = envelope.enter(operation);
  if (operation === SEARCH_ENTRY) return { kind: 'entry', id, entry: readEntry(body) };
  if (operation === SEARCH_REFERENCE) return { kind: 'reference', id };
  const answered = RESULTS[operation];
  if (!answered) throw new MalformedMessage(`an operation 0x${operation.toString(16)} that nobody asked for`);
  return { kind: 'result', id, operation: answered, result: readResult(body, envelope) };
}

function readResult(body: BerCursor, envelope: BerCursor): LdapResult {
  const code = body.integer(tag.enumerated);
  body.text(); // matchedDN
  return { code, diagnosticMessage: body.text(), controls: readControls(envelope) };
}

function readEntry(body: BerCursor): LdapEntry {
  const dn = body.text();
  const attributes = readAll(body.enter(), (list) => {
    const attribute = list.enter();
    const name = attribute.text().toLowerCase();
    return [name, readAll(attribute.enter(tag.set), (values) => values.bytes())] as const;
  });
  return new LdapEntry(dn, new Map(attributes));
}

/** RFC 4511 4.1.11 */
function readControls(envelope: BerCursor): ReadonlyMap<string, Buffer> {
  if (!envelope.more) return new Map();
  const controls = readAll(envelope.enter(CONTROLS), (list) => {
    const control = list.enter();
    const oid = control.text();
    if (control.peek() === tag.boolean) control.boolean();
    return [oid, control.more ? control.bytes() : Buffer.alloc(0)] as const;
  });
  return new Map(controls);
}
