// How directories write what is more than text: times, binary ids, flags and security identifiers. Pure.

/**
 * A time in any of the forms that directories have for it. They cannot be taken for each other: GeneralizedTime ends in a zone,
 * a FILETIME of the last hundred years has 17 digits or more, and a number of days has at most six.
 *
 * @returns undefined for what is none of them, and for the values that stand for never or for unset
 */
export function readTime(text: string): Date | undefined {
  if (/^\d{1,6}$/.test(text)) return days(text);
  return /^\d{17,19}$/.test(text) ? fileTime(text) : generalizedTime(text);
}

/** Whole days since 1970, the first moment of that day in UTC. shadow(5): 0 is not to be taken for a date. */
function days(text: string): Date | undefined {
  return Number(text) > 0 ? new Date(Number(text) * 86_400_000) : undefined;
}

const NEVER = 0x7fff_ffff_ffff_ffffn;
/** Between the epochs of Windows (1601) and of Date (1970), in milliseconds. */
const EPOCHS_APART = 11_644_473_600_000n;

/** Intervals of 100 ns since 1601 ([MS-DTYP] 2.3.3). */
function fileTime(text: string): Date | undefined {
  const intervals = BigInt(text);
  return intervals < NEVER ? validDate(Number(intervals / 10_000n - EPOCHS_APART)) : undefined;
}

const GENERALIZED_TIME =
  /^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)(?<hour>\d\d)(?:(?<minute>\d\d)(?<second>\d\d)?)?(?:[.,]\d+)?(?<zone>Z|[+-]\d\d(?:\d\d)?)$/;

/** RFC 4517 3.3.13. A fraction is left out, of whatever unit it is. */
function generalizedTime(text: string): Date | undefined {
  const parts = GENERALIZED_TIME.exec(text)?.groups;
  if (!parts) return undefined;
  const { year, month, day, hour, minute = '00', second = '00', zone = 'Z' } = parts;
  const offset = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(3) || '00'}`;
  return validDate(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`));
}

function validDate(milliseconds: number): Date | undefined {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Whether a decimal number, which may be negative, has this bit set; `bit` is the bit's own value. */
export function hasBit(text: string, bit: number): boolean {
  return /^-?\d{1,19}$/.test(text) && (BigInt(text) & BigInt(bit)) !== 0n;
}

const GUID_BYTES = 16;

/**
 * The usual text of a GUID: the first three numbers are little-endian on the wire ([MS-DTYP] 2.3.4.2).
 *
 * @throws RangeError when it has not 16 bytes
 */
export function guidText(bytes: Buffer): string {
  if (bytes.length !== GUID_BYTES) throw new RangeError(`a GUID of ${bytes.length} bytes`);
  const hex = swapped(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** What guidText was made from; undefined for any other text. */
export function guidBytes(text: string): Buffer | undefined {
  const isGuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
  return isGuid ? swapped(Buffer.from(text.replaceAll('-', ''), 'hex')) : undefined;
}

function swapped(guid: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(guid.subarray(0, 4)).reverse(),
    Buffer.from(guid.subarray(4, 6)).swap16(),
    Buffer.from(guid.subarray(6, 8)).swap16(),
    guid.subarray(8),
  ]);
}

const SID_HEADER = 8;
const SUB_AUTHORITY = 4;

/**
 * The security identifier of another account of the same domain: all but the last number, the relative identifier, are the same
 * ([MS-DTYP] 2.4.2.2). Undefined unless both are what they are said to be.
 */
export function neighbouringSid(sid: Buffer, rid: string): Buffer | undefined {
  const isSid = sid.length > SID_HEADER && sid.length === SID_HEADER + SUB_AUTHORITY * (sid[1] ?? 0);
  const number = Number(rid);
  if (!isSid || !/^\d{1,10}$/.test(rid) || number > 0xffff_ffff) return undefined;
  const neighbour = Buffer.from(sid);
  neighbour.writeUInt32LE(number, neighbour.length - SUB_AUTHORITY);
  return neighbour;
}

/** The last number of a security identifier: which account of its domain it is. */
export function relativeId(sid: Buffer): string {
  return String(sid.readUInt32LE(sid.length - SUB_AUTHORITY));
}
