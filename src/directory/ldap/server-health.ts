// The breaker of one server. Whoever had trouble with a server says so: from then on nobody is sent there, until a check in the
// background has found it well again. It knows nothing of LDAP: `check` is what proves a server.

import { reasonOf } from '../../errors.ts';

export interface HealthOptions {
  /** Resolves when the server can be used. */
  check(): Promise<void>;
  /** Told once it is known, and at each change. The reason is why it is down. */
  changed(up: boolean, reason?: string): void;
  /** Milliseconds before the next check, after so many failed ones of which `error` ended the last. */
  delayMs(failed: number, error: unknown): number;
}

export interface ServerHealth {
  readonly isUp: boolean;
  /** Why it is not up. */
  readonly trouble: string | undefined;
  /** Whether it is up, when the check that follows the first trouble has told. At once where that is known. */
  verdict(): Promise<boolean>;
  /** It does what it should: known before anybody had trouble. */
  proven(): void;
  /** It is used no more until a check has succeeded; the first is made now, since one slow answer is no outage. */
  doubt(reason: unknown): void;
  /** The same of what leaves no doubt: no check now, which would do harm. */
  fail(error: unknown): void;
  close(): void;
}

export function createServerHealth({ check, changed, delayMs }: HealthOptions): ServerHealth {
  let trouble: string | undefined;
  let told: boolean | undefined;
  let firstCheck: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const tell = (up: boolean, reason?: string): void => {
    if (told === up || closed) return;
    told = up;
    changed(up, reason);
  };

  const failed = (times: number, error: unknown): void => {
    if (closed) return;
    trouble = reasonOf(error);
    tell(false, trouble);
    timer = setTimeout(() => void attempt(times), delayMs(times, error)).unref();
  };

  const attempt = async (failures: number): Promise<void> => {
    try {
      await check();
    } catch (error) {
      failed(failures + 1, error);
      return;
    }
    trouble = undefined;
    tell(true);
  };

  return {
    get isUp() {
      return trouble === undefined;
    },
    get trouble() {
      return trouble;
    },
    verdict: async () => {
      await firstCheck;
      return trouble === undefined;
    },
    proven: () => {
      if (trouble === undefined) tell(true);
    },
    doubt: (reason) => {
      if (trouble !== undefined || closed) return;
      trouble = reasonOf(reason);
      firstCheck = attempt(0);
    },
    fail: (error) => {
      if (trouble === undefined) failed(1, error);
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
