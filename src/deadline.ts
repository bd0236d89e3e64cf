/**
 * What `work` comes to, if it does so within `limitMs`. It is not stopped: what it does later is nobody's any more.
 *
 * @param asFault makes the error to be thrown of one that says how long it took.
 */
export async function within<T>(
  limitMs: number,
  work: Promise<T>,
  asFault: (late: Error) => Error = (late) => late,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(asFault(new Error(`no answer within ${limitMs} ms`)));
  }, limitMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
