// `npm run bench`: starts what it needs, measures, prints a table, and keeps everything in bench/results/.

import path from 'node:path';

import { Command, Option } from 'commander';

import { mochaGlobalTeardown } from '../test/support/global-teardown.ts';
import { runBenchmark } from './benchmark.ts';
import { RESULTS, keep, machine, positive, tell, whole } from './command.ts';
import { SCENARIO_NAMES } from './generator/scenarios.ts';
import type { ScenarioName } from './generator/scenarios.ts';
import { report } from './report.ts';
import { startStack } from './stack.ts';
import { summarise } from './summary.ts';

interface Options {
  only: readonly ScenarioName[];
  seconds: number;
  warmUp: number;
  rounds: number;
  concurrency: number;
  people: number;
  starts: number;
  rest: number;
  cpuProf?: string;
  results: string;
}

await new Command('bench')
  .description('Measures Sallyport beside the library that it stands on, on this machine.')
  .addOption(new Option('--only <scenarios...>', 'these scenarios').choices(SCENARIO_NAMES).default(SCENARIO_NAMES))
  .option('--seconds <n>', 'for each scenario and each of the two', positive, 12)
  .option('--warm-up <n>', 'seconds before each measurement', positive, 2)
  .option('--rounds <n>', 'turns that the two take in each scenario', whole, 3)
  .option('--concurrency <n>', 'operations at once', whole, 16)
  .option('--people <n>', 'who sign in; a code is good once in 30 s', whole, 5000)
  .option('--starts <n>', 'to see how long a start takes', whole, 5)
  .option('--rest <n>', 'seconds of rest before the memory is looked at once more', positive, 30)
  .option('--cpu-prof <folder>', "where Sallyport's CPU profile goes")
  .option('--results <folder>', 'where the JSON goes', RESULTS)
  .action(bench)
  .parseAsync();

async function bench({ cpuProf, people, results, ...options }: Options): Promise<void> {
  try {
    tell(`starting Postgres, Redis and slapd, with ${people} people`);
    const stack = await startStack({ people, profileFolder: cpuProf && path.resolve(cpuProf) });
    const benchmark = await runBenchmark(stack, {
      ...options,
      scenarios: options.only,
      warmUpSeconds: options.warmUp,
      restSeconds: options.rest,
      tell,
    });
    const summary = summarise(benchmark);
    process.stdout.write(report(summary, machine()));
    keep(results, { machine: machine(), options: { ...options, people }, ...summary });
    if (summary.failures.length > 0) process.exitCode = 1;
  } finally {
    await mochaGlobalTeardown();
  }
}
