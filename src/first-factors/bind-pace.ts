// How long a directory takes to refuse a wrong password, so that every other refusal can take as long. A bind as nobody alone
// would not do: a server that finds no entry, or a locked one, skips the hash and the password policy.

import { setImmediate, setTimeout } from 'node:timers/promises';

export interface BindPace {
  /** A refused bind took so long. Times are milliseconds. */
  note(duration: number): void;
  /** Waits until `since` (of performance.now) lies as far back as some recent refusal took. */
  keep(since: number): Promise<void>;
}

const REMEMBERED = 32;
/** Timers have a resolution of one millisecond and come late; the rest is waited for turn by turn of the event loop. */
const TIMER_SLACK = 2;

export function createBindPace(): BindPace {
  const recent: number[] = [];

  return {
    note(duration) {
      recent.push(duration);
      if (recent.length > REMEMBERED) recent.shift();
    },

    async keep(since) {
      const until = since + (recent[Math.floor(Math.random() * recent.length)] ?? 0);
      const coarse = until - performance.now() - TIMER_SLACK;
      if (coarse >= 1) await setTimeout(coarse);
      while (performance.now() < until) await setImmediate();
    },
  };
}
