// Reading BER (X.690, RFC 4511 5.1) that somebody else wrote. ldapts' reader returns null at the end of its buffer and moves
// backwards on a negative length, and loops written on it never end; this one moves forward or throws.

import { BerReader } from 'ldapts';

export class MalformedMessage extends Error {
  constructor(what: string) {
    super(`malformed LDAP message: ${what}`);
    this.name = 'MalformedMessage';
  }
}

export const tag = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One level of a structure. A nested structure gets a reader of its own, which cannot run past its parent's end. */
export interface BerCursor {
  /** Whether anything is left on this level. */
  readonly more: boolean;
  /** The tag of what comes next. */
  peek(): number | undefined;
  enter(expected?: number): BerCursor;
  bytes(expected?: number): Buffer;
  text(expected?: number): string;
  integer(expected?: number): number;
  boolean(expected?: number): boolean;
}

/** @throws MalformedMessage, from any method, when what comes next is something else, incomplete or too long. */
export function berCursor(content: Buffer): BerCursor {
  const reader = new BerReader(content);

  const bytes = (expected: number): Buffer => {
    const before = reader.offset;
    try {
      const value = reader.readString(expected, true);
      if (value?.length === reader.length) return value;
    } catch {
      // A tag or a length that ldapts refuses is refused below.
    }
    throw new MalformedMessage(`no element of tag 0x${expected.toString(16)} at byte ${before}`);
  };

  const integer = (expected: number): number => {
    const value = bytes(expected);
    if (value.length < 1 || value.length > 4) throw new MalformedMessage(`an integer of ${value.length} bytes`);
    return value.readIntBE(0, value.length);
  };

  return {
    get more() {
      return reader.remain > 0;
    },
    peek: () => reader.peek() ?? undefined,
    enter: (expected = tag.sequence) => berCursor(bytes(expected)),
    bytes: (expected = tag.octetString) => bytes(expected),
    text: (expected = tag.octetString) => bytes(expected).toString('utf8'),
    integer: (expected = tag.integer) => integer(expected),
    boolean: (expected = tag.boolean) => integer(expected) !== 0,
  };
}

/** Everything that is left on a level. */
export function readAll<T>(cursor: BerCursor, read: (cursor: BerCursor) => T): T[] {
  const all: T[] = [];
  while (cursor.more) all.push(read(cursor));
  return all;
}

/**
 * Cuts a stream of bytes into LDAP messages. It keeps `limit` bytes at most, and no byte is copied more than a few times
 * however small the pieces are.
 *
 * @returns what to feed each piece to; it throws MalformedMessage on what cannot begin a message of `limit` bytes or fewer.
 */
export function messageSplitter(limit: number, onMessage: (message: Buffer) => void): (piece: Buffer) => void {
  let pieces: Buffer[] = [];
  let size = 0;
  let needed = 2;
  return (piece) => {
    pieces.push(piece);
    size += piece.length;
    while (size >= needed) {
      const bytes = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
      const length = messageLength(bytes, limit);
      const whole = length !== undefined && length <= size;
      if (whole) onMessage(bytes.subarray(0, length));
      const rest = whole ? bytes.subarray(length) : bytes;
      pieces = [rest];
      size = rest.length;
      needed = whole ? 2 : (length ?? size + 1);
    }
  };
}

/**
 * The length in bytes, header included, of the message that begins here; undefined while its header is incomplete.
 *
 * @throws MalformedMessage when this is no LDAPMessage, or one of more than `limit` bytes.
 */
export function messageLength(bytes: Buffer, limit: number): number | undefined {
  if (bytes.length > 0 && bytes[0] !== tag.sequence) throw new MalformedMessage('it does not begin with a SEQUENCE');
  const first = bytes[1];
  if (first === undefined) return undefined;
  const lengthBytes = first & 0x80 ? first & 0x7f : 0;
  if (first === 0x80 || lengthBytes > 4)
    throw new MalformedMessage('its length is written in a form LDAP does not use');
  const header = 2 + lengthBytes;
  if (bytes.length < header) return undefined;
  const total = header + (lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes));
  if (total > limit) throw new MalformedMessage(`it claims ${total} bytes where at most ${limit} are allowed`);
  return total;
}
