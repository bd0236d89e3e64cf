// Groups what many requests want written at about the same time, so that it costs one write and not as many. It knows nothing of what
// is written, nor where to.

import { AsyncLocalStorage } from 'node:async_hooks';

export interface GroupedWrites<Item> {
  /** Resolves once the item is written, or fails with the group that it went with. */
  add(item: Item): Promise<void>;
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>;
}

/** Writes one group after the other: what comes while one is under way goes together with the next. */
export function groupWrites<Item>(write: (items: readonly Item[]) => Promise<void>): GroupedWrites<Item> {
  // The writer works for no request and in no unit of work, whoever it was that woke it.
  const onNobodysBehalf = AsyncLocalStorage.snapshot();
  let waiting: Item[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  async function writeAfter(previous: Promise<void>): Promise<void> {
    await previous;
    const items = waiting;
    waiting = [];
    next = undefined;
    await write(items);
  }

  function begin(): Promise<void> {
    const turn = writeAfter(last);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    add(item) {
      waiting.push(item);
      return (next ??= onNobodysBehalf(begin));
    },
    settled: () => last,
  };
}
