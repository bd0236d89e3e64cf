// Connections opened one alone first, and the others once that has come about. Each that the server refuses is a failed bind of
// the service account, so that a password that is wrong may not cost one for everybody who waits.

/** How long one that came about speaks for others. */
const PROVEN_MS = 1000;

/** The same `open`: who calls while one is opening that nothing speaks for waits for it, and fails with it. */
export function oneFirst<T>(open: () => Promise<T>, now = () => performance.now()): () => Promise<T> {
  let alone: Promise<T> | undefined;
  let provenUntil = -Infinity;

  const prove = async (): Promise<T> => {
    try {
      const opened = await open();
      provenUntil = now() + PROVEN_MS;
      return opened;
    } catch (error) {
      provenUntil = -Infinity;
      throw error;
    }
  };

  return async () => {
    if (now() < provenUntil) return prove();
    if (alone) {
      await alone;
      return prove();
    }
    alone = prove().finally(() => (alone = undefined));
    return alone;
  };
}
