// The measurement itself: each scenario in slices, the library alone and Sallyport in turn, so that what else the machine does
// meanwhile falls on both. Never are both under load at once.

import { setTimeout as sleep } from 'node:timers/promises';

import { adapterCalls, createCallCounter, difference } from './calls.ts';
import type { CallCounter, Calls, SallyportCalls } from './calls.ts';
import { startGenerator } from './generator/generator-process.ts';
import type { Generator, Measured } from './generator/generator-process.ts';
import type { ScenarioName } from './generator/scenarios.ts';
import { startServer } from './server-process.ts';
import type { ServerCommand, ServerProcess } from './server-process.ts';
import type { Stack } from './stack.ts';
import type { TargetName } from './target.ts';
import { cpuBetween, cpuUse, residentMegabytes } from './usage.ts';
import type { CpuUse } from './usage.ts';

export interface BenchmarkOptions {
  scenarios: readonly ScenarioName[];
  /** Of each scenario and each target, in all its slices. */
  seconds: number;
  /** Before each slice. */
  warmUpSeconds: number;
  /** Slices of each scenario and each target. */
  rounds: number;
  /** Operations at once. */
  concurrency: number;
  /** How often each server is started, to see how long it takes. */
  starts: number;
  /** From the last load until the memory is looked at once more. */
  restSeconds: number;
  tell(progress: string): void;
}

/** One target under one load, for a while. */
export interface Slice extends Measured {
  scenario: ScenarioName;
  target: TargetName;
  cpu: CpuUse;
}

/** Of so many operations. */
export interface CountedCalls {
  scenario: ScenarioName;
  operations: number;
  sallyport: SallyportCalls;
  bare: Calls;
}

export interface ServerFacts {
  /** Of each start: seconds until it answered. */
  starts: number[];
  memory: Memory;
}

/** Megabytes. */
export interface Memory {
  atRest: number;
  afterLoad: number;
  afterRest: number;
}

export interface Benchmark {
  slices: Slice[];
  calls: CountedCalls[];
  servers: Record<TargetName, ServerFacts>;
}

type Servers = Record<TargetName, ServerProcess>;

interface Bench {
  stack: Stack;
  options: BenchmarkOptions;
  servers: Servers;
  generator: Generator;
  counter: CallCounter;
}

/** Operations over which calls are counted. */
const COUNTED = 100;
/** Milliseconds after a start, for what it still has to do. */
const SETTLE_MS = 3000;

export async function runBenchmark(stack: Stack, options: BenchmarkOptions): Promise<Benchmark> {
  const { scenarios, restSeconds, tell } = options;
  const bare = await startOften(stack.bare, options);
  const sallyport = await startOften(stack.sallyport, options);
  const servers: Servers = { bare: bare.server, sallyport: sallyport.server };
  await sleep(SETTLE_MS);
  const atRest = memoryOf(servers);

  const generator = startGenerator();
  const counter = await createCallCounter(stack);
  const bench = { stack, options, servers, generator, counter };
  const slices: Slice[] = [];
  const calls: CountedCalls[] = [];
  for (const scenario of scenarios) {
    tell(scenario);
    slices.push(...(await measure(bench, scenario)));
    calls.push(await countCalls(bench, scenario));
  }
  generator.stop();
  await counter.close();

  const afterLoad = memoryOf(servers);
  tell('rest');
  await sleep(restSeconds * 1000);
  const afterRest = memoryOf(servers);
  await Promise.all([bare.server.stop(), sallyport.server.stop()]);
  const factsOf = (name: TargetName, starts: number[]): ServerFacts => ({
    starts,
    memory: { atRest: atRest[name], afterLoad: afterLoad[name], afterRest: afterRest[name] },
  });
  return {
    slices,
    calls,
    servers: { bare: factsOf('bare', bare.starts), sallyport: factsOf('sallyport', sallyport.starts) },
  };
}

/** The last one stays. */
async function startOften(
  command: ServerCommand,
  { starts, tell }: BenchmarkOptions,
): Promise<{ server: ServerProcess; starts: number[] }> {
  tell(`${command.target.name} starts`);
  let server = await startServer(command);
  const taken = [server.startSeconds];
  while (taken.length < starts) {
    await server.stop();
    server = await startServer(command);
    taken.push(server.startSeconds);
  }
  return { server, starts: taken };
}

async function measure(bench: Bench, scenario: ScenarioName): Promise<Slice[]> {
  const { rounds, seconds, warmUpSeconds } = bench.options;
  const slices: Slice[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const target of ['bare', 'sallyport'] as const) {
      const { pid } = bench.servers[target];
      await prepare(bench, scenario, target);
      await bench.generator.run({ seconds: warmUpSeconds });
      const before = cpuUse(pid);
      const measured = await bench.generator.run({ seconds: seconds / rounds });
      slices.push({ scenario, target, ...measured, cpu: cpuBetween(before, cpuUse(pid)) });
    }
  }
  return slices;
}

async function countCalls(bench: Bench, scenario: ScenarioName): Promise<CountedCalls> {
  const { generator, counter, servers } = bench;
  const work = () => generator.run({ operations: COUNTED });
  await prepare(bench, scenario, 'bare');
  const before = await adapterCalls(servers.bare.target);
  await work();
  const bare = difference(await adapterCalls(servers.bare.target), before);
  await prepare(bench, scenario, 'sallyport');
  const sallyport = await counter.during(work);
  return { scenario, operations: COUNTED, sallyport, bare };
}

function prepare({ generator, servers, stack, options }: Bench, scenario: ScenarioName, name: TargetName) {
  const people = name === 'sallyport' ? stack.people : undefined;
  return generator.prepare({ target: servers[name].target, scenario, people, concurrency: options.concurrency });
}

function memoryOf({ bare, sallyport }: Servers): Record<TargetName, number> {
  return { bare: residentMegabytes(bare.pid), sallyport: residentMegabytes(sallyport.pid) };
}
