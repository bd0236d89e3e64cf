// Attributes with more values than are sent at once, as Active Directory has them ([MS-ADTS] 3.1.1.3.1.3.3): values come under
// a name such as `member;range=0-1499`, and the others by asking for `member;range=1500-*`.

/** From the first value that is asked for to the last, counted from 0. */
export interface Range {
  first: number;
  last: number;
}

const RANGE_OPTION = /;range=(\d{1,9})-(\d{1,9}|\*)$/i;

/** The name, in lower case, and the range of an attribute that is asked for. Servers without a limit know no ranges. */
export function readDescription(description: string, limit: number | undefined): [string, Range | undefined] {
  const option = limit === undefined ? null : RANGE_OPTION.exec(description);
  if (!option) return [description.toLowerCase(), undefined];
  const [, first, last] = option;
  const range = { first: Number(first), last: last === '*' ? Infinity : Number(last) };
  return [description.slice(0, option.index).toLowerCase(), range];
}

interface Attribute {
  name: string;
  values: readonly string[];
}

/** What is sent of an attribute: as it is, or the values of one range; where that was not asked for, beside an empty one. */
export function asRanges(
  name: string,
  values: readonly string[],
  asked: Range | undefined,
  limit = Infinity,
): Attribute[] {
  if (!asked && values.length <= limit) return [{ name, values }];
  const { first, last } = asked ?? { first: 0, last: Infinity };
  const portion = values.slice(first, Math.min(last + 1, first + limit));
  if (portion.length === 0) return [];
  const end = first + portion.length;
  const ranged = { name: `${name};range=${first}-${end < values.length ? end - 1 : '*'}`, values: portion };
  return asked ? [ranged] : [{ name, values: [] }, ranged];
}
