// Runs what an operator asked for on the configured storage, prints the answer, and says by the exit code what came of it.

import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

import { operator } from '../../admin/caller.ts';
import { Problem } from '../../admin/problem.ts';
import type { ProblemDetail } from '../../admin/problem.ts';
import { ROOT_TENANT } from '../../tenants/tenants.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_ROWS_FAILED, EXIT_USAGE } from '../exit-codes.ts';
import { complain, print } from '../output.ts';
import { onAdministration } from './administration.ts';
import type { OpenAdministration } from './administration.ts';
import type { Asked } from './api-commands.ts';
import { shownOf } from './shown.ts';

export function runAsked({ route, sent, config, json }: Asked): Promise<number> {
  return onAdministration(config, (open) =>
    orTold(json, async () => {
      const body = await answerOf(open, route.id, sent);
      if (body instanceof Readable) return printLines(body);
      if (body !== undefined) print(json ? JSON.stringify(body, null, 2) : shownOf(JSON.parse(JSON.stringify(body))));
      return EXIT_DONE;
    }),
  );
}

/** What a route answers the operator. @throws Problem */
export async function answerOf({ base, admin }: OpenAdministration, id: string, sent: Asked['sent']): Promise<unknown> {
  const root = await base.tenants.bySlug(ROOT_TENANT);
  const route = admin.routes.find((one) => one.id === id);
  if (!root || !route) throw new Error(`there is no tenant root, or no route ${id}`);
  const { body } = await admin.dispatch(route, operator(root), sent);
  return body;
}

/** Answers the exit code, also where `work` ends in a problem, which is told. */
export async function orTold(json: boolean, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell(error, json);
    return exitCodeOf(error);
  }
}

function tell({ code, detail, errors }: Problem, json: boolean): void {
  if (json) complain(JSON.stringify({ code, detail, errors }));
  else complain([`${detail} (${code})`, ...errors.map((error) => `  ${placeOf(error)}: ${error.detail}`)].join('\n'));
}

function placeOf(error: ProblemDetail): string {
  return 'pointer' in error ? error.pointer.replace(/^#\//, '').replaceAll('/', '.') : error.parameter;
}

function exitCodeOf({ code, status }: Problem): number {
  if (code === 'not-found') return EXIT_NOT_FOUND;
  if (status === 400) return EXIT_USAGE;
  return status < 500 ? EXIT_REFUSED : EXIT_FAILED;
}

/** Line by line, as it comes. Of an import the last line counts the rows. */
async function printLines(body: Readable): Promise<number> {
  let last = '';
  for await (const line of createInterface({ input: body })) {
    print(line);
    last = line;
  }
  return hasFailedRows(last) ? EXIT_ROWS_FAILED : EXIT_DONE;
}

function hasFailedRows(line: string): boolean {
  if (!line.startsWith('{"summary"')) return false;
  const { summary }: { summary?: { failed?: number; rows?: number } } = JSON.parse(line);
  return summary?.failed !== 0 || summary.rows === 0;
}
