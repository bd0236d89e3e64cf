// What the benchmarks' commands have in common: numbers as options, and where what was found is kept.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { InvalidArgumentError } from 'commander';

import type { Machine } from './report.ts';

export const RESULTS = fileURLToPath(new URL('results', import.meta.url));

export function whole(text: string): number {
  if (Number.isInteger(Number(text))) return positive(text);
  throw new InvalidArgumentError('write a whole number');
}

export function positive(text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new InvalidArgumentError('write a number above zero');
}

export function machine(): Machine {
  return { cpus: availableParallelism(), model: cpus()[0]?.model ?? 'unknown', node: process.versions.node };
}

/** As JSON, in a file that is named after the time; `prefix` comes before that. */
export function keep(folder: string, facts: object, prefix = ''): void {
  const at = new Date().toISOString();
  const file = path.join(folder, `${prefix}${at.slice(0, 19).replaceAll(':', '-')}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ at, ...facts }, null, 2));
  tell(`kept in ${path.relative('', file)}`);
}

export function tell(progress: string): void {
  process.stderr.write(`${progress}\n`);
}
