export interface Repetition {
  /** Ends it, and waits for a turn that is under way. */
  stop(): Promise<void>;
}

/**
 * Runs `task` now and then `intervalMs` after the end of each turn, so that turns never overlap. A turn that fails is told to
 * `onError`, and the next one comes all the same. Keeps no process alive.
 */
export function repeat(task: () => Promise<void>, intervalMs: number, onError: (error: unknown) => void): Repetition {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void>;

  const takeTurn = (): void => {
    turn = task()
      .catch(onError)
      .then(() => {
        if (!stopped) timer = setTimeout(takeTurn, intervalMs).unref();
      });
  };
  takeTurn();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await turn;
    },
  };
}
