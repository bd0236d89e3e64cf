// An import of many rows, and the memory that the server needs for it.

import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import type { Management } from './management.ts';
import { residentMegabytes } from './usage.ts';

export interface ImportMeasure {
  rows: number;
  seconds: number;
  created: number;
  failed: number;
  /** Megabytes of the server: before it, at most meanwhile, and a moment after it. */
  memory: { before: number; most: number; after: number };
}

/** As another program's export has them: with an address, a name and a hash (of the password "correct horse", salted SHA-1). */
const HASH = '{SSHA}Jyx8hHW7VpG2GNP+9U+C/glYFo/jcdtV';

const summaryLine = z.object({ summary: z.object({ created: z.number(), failed: z.number() }) });

export async function importRows(
  { publicUrl, key, pid }: Pick<Management, 'publicUrl' | 'key' | 'pid'>,
  rows: number,
): Promise<ImportMeasure> {
  const before = residentMegabytes(pid);
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMegabytes(pid))), 100);
  const began = performance.now();
  const answer = await fetch(`${publicUrl}/admin/v1/tenants/imported/users:import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' },
    body: Readable.toWeb(Readable.from(linesOf(rows))),
    duplex: 'half',
  });
  const last = await lastLineOf(answer);
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  await sleep(2000);
  const { summary } = summaryLine.parse(JSON.parse(last));
  return { rows, seconds, ...summary, memory: { before, most, after: residentMegabytes(pid) } };
}

function* linesOf(rows: number): Generator<string> {
  for (let row = 1; row <= rows; row++) {
    const userName = `import${String(row)}`;
    const name = { givenName: 'Some', familyName: `Body ${String(row)}` };
    yield `${JSON.stringify({ userName, email: `${userName}@example.com`, ...name, passwordHash: HASH })}\n`;
  }
}

async function lastLineOf(answer: Response): Promise<string> {
  let held = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    held += decoder.decode(chunk, { stream: true });
    held = held.slice(held.trimEnd().lastIndexOf('\n') + 1);
  }
  if (!answer.ok) throw new Error(`${String(answer.status)} ${held}`);
  return held;
}
