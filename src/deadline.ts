/**
 * What `work` comes to, if it does so within `limitMs`. Else its `signal` tells it that nobody waits any more; whether it stops is
 * its own affair.
 *
 * @param asFault makes the error to be thrown, which `signal` has for its reason, of one that says how long it took.
 */
export async function within<T>(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  asFault: (late: Error) => Error = (late) => late,
): Promise<T> {
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const fault = asFault(new Error(`no answer within ${limitMs} ms`));
    // In this order: what the work fails with because it was told is not what ended it.
    reject(fault);
    controller.abort(fault);
  }, limitMs);
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
