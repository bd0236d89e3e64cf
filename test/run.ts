// `npm test`: the tests in two processes side by side, for most of their time goes into waiting for servers. Each has servers of its own.
// With arguments they are mocha's, and one process runs what they name.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { text } from 'node:stream/consumers';

/** About as long as one another. */
const SHARES = [['test/flows/**/*.test.ts'], ['test/{browser,contract,unit}/**/*.test.ts']];

const MOCHA = path.join(path.dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');

async function run(args: readonly string[], shown: 'at once' | 'at its end'): Promise<number> {
  const stdio = ['inherit', shown === 'at once' ? 'inherit' : 'pipe', 'inherit'] as const;
  const mocha = spawn(process.execPath, [MOCHA, ...args], { stdio: [...stdio] });
  const ended = new Promise<number>((resolve) => mocha.once('close', (code) => resolve(code ?? 1)));
  const output = mocha.stdout ? await text(mocha.stdout) : '';
  const code = await ended;
  return new Promise((resolve) => process.stdout.write(output, () => resolve(code)));
}

const given = process.argv.slice(2);
const runs =
  given.length > 0
    ? [run(given, 'at once')]
    : SHARES.map((share, number) => run(share, number === 0 ? 'at once' : 'at its end'));
process.exitCode = Math.max(...(await Promise.all(runs)));
