/** A `ttl` of the port in milliseconds. @throws RangeError for less than a second, which no store could honour. */
export function milliseconds(ttl: number): number {
  if (!(ttl >= 1)) throw new RangeError(`A time to live is at least one second, not ${ttl}.`);
  return Math.ceil(ttl * 1_000);
}
