// So many at once, a few who wait, and no more: what costs much is not piled up.

/** Whoever shares a lane waits behind those in it; the lanes take turns. */
export type Turnstile = <T>(work: () => Promise<T>, lane?: string) => Promise<T>;

export interface TurnstileOptions {
  /** That work at once. */
  slots: number;
  /** That may wait in each lane. */
  queue: number;
  /** What the next one is told. */
  full(): Error;
}

export function createTurnstile({ slots, queue, full }: TurnstileOptions): Turnstile {
  /** Lanes in which somebody waits, in the order of their turns. */
  const lanes = new Map<string, (() => void)[]>();
  let busy = 0;

  function wait(lane: string): Promise<void> {
    const waiting = lanes.get(lane) ?? [];
    if (waiting.length >= queue) throw full();
    lanes.set(lane, waiting);
    return new Promise((resolve) => waiting.push(resolve));
  }

  /** The slot passes straight on to the next in line, so that no newcomer slips in between. */
  function leave(): void {
    const [first] = lanes;
    if (!first) {
      busy -= 1;
      return;
    }
    const [lane, [next, ...others]] = first;
    lanes.delete(lane);
    if (others.length > 0) lanes.set(lane, others);
    next?.();
  }

  return async (work, lane = '') => {
    if (busy < slots) busy += 1;
    else await wait(lane);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
