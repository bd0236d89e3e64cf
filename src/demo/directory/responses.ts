// Responses (RFC 4511 4.1.9), written for the wire.

import { BerWriter } from 'ldapts';

import { tag } from '../../directory/ldap/ber.ts';
import type { ResultCode } from '../../directory/ldap/result-codes.ts';
import { resultCode } from '../../directory/ldap/result-codes.ts';
import { encodeValue } from './attributes.ts';
import type { Operation } from './requests.ts';

export interface Result {
  code: ResultCode;
  diagnosticMessage?: string;
  controls?: readonly { oid: string; value: Buffer }[];
  /** Of an extended operation. */
  oid?: string;
  value?: Buffer;
}

export interface SearchResultEntry {
  dn: string;
  attributes: readonly { name: string; values: readonly string[] }[];
}

const ENTRY = 0x64;
const CONTROLS = 0xa0;
const RESPONSE_OID = 0x8a;
const RESPONSE_VALUE = 0x8b;
const RESULTS = {
  bind: 0x61,
  search: 0x65,
  modify: 0x67,
  add: 0x69,
  delete: 0x6b,
  rename: 0x6d,
  compare: 0x6f,
  extended: 0x78,
} as const;

export type Answerable = Exclude<Operation['kind'], 'unbind' | 'abandon'>;

export function writeResult(id: number, operation: Answerable, result: Result): Buffer {
  const { code, diagnosticMessage = '', controls = [], oid, value } = result;
  return written((writer) => {
    writer.writeInt(id);
    writer.startSequence(RESULTS[operation]);
    writer.writeEnumeration(resultCode[code]);
    writer.writeString(''); // matchedDN
    writer.writeString(diagnosticMessage);
    if (oid !== undefined) writer.writeString(oid, RESPONSE_OID);
    if (value) writer.writeBuffer(value, RESPONSE_VALUE);
    writer.endSequence();
    if (controls.length === 0) return;
    writer.startSequence(CONTROLS);
    for (const control of controls) {
      writer.startSequence();
      writer.writeString(control.oid);
      writer.writeBuffer(control.value, tag.octetString);
      writer.endSequence();
    }
    writer.endSequence();
  });
}

export function writeEntry(id: number, { dn, attributes }: SearchResultEntry): Buffer {
  return written((writer) => {
    writer.writeInt(id);
    writer.startSequence(ENTRY);
    writer.writeString(dn);
    writer.startSequence();
    for (const { name, values } of attributes) {
      writer.startSequence();
      writer.writeString(name);
      writer.startSequence(tag.set);
      for (const value of values) writer.writeBuffer(encodeValue(name, value), tag.octetString);
      writer.endSequence();
      writer.endSequence();
    }
    writer.endSequence();
    writer.endSequence();
  });
}

/** A SEQUENCE with what `write` puts in it: a message, or the value of a control. */
export function written(write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  write(writer);
  writer.endSequence();
  return writer.buffer;
}
