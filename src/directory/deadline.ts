// One bound for work of many steps, each of which has bounds of its own.

/**
 * Waits `ms` for the work and no longer. `signal` tells the work that nobody waits for it any more.
 *
 * @throws what `late` makes, when the time is over.
 */
export async function within<T>(ms: number, late: () => Error, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const reason = late();
    controller.abort(reason);
    reject(reason);
  }, ms);
  try {
    return await Promise.race([work(controller.signal), over]);
  } finally {
    clearTimeout(timer);
  }
}
