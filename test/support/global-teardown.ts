// Servers that tests share are started when first asked for and stopped here, once, whatever happened in between.

const cleanups: (() => Promise<void>)[] = [];

/** Runs `cleanup` after the last test, latest first. */
export function atEnd(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

export async function mochaGlobalTeardown(): Promise<void> {
  for (const cleanup of cleanups.reverse()) await cleanup();
}
