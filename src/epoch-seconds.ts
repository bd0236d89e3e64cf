/** Whole seconds since the epoch, as the protocol and every proof count them. @param moment milliseconds where it is a number. */
export function epochSeconds(moment: Date | number): number {
  return Math.floor(Number(moment) / 1000);
}
