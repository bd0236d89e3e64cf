// `sallyport check-config`: what is wrong with the configuration, where it stands and how to mend it, and, when asked,
// whether everything that it names answers. It only reads.

import { loadConfiguration } from './config.ts';
import type { Configuration } from './config.ts';
import type { Environment } from './config/environment.ts';
import { describeProblem } from './config/problem.ts';
import type { Problem } from './config/problem.ts';
import { redactor } from './config/redactor.ts';
import { within } from './deadline.ts';
import { reasonOf } from './errors.ts';

/** One thing that the configuration names, to be asked. */
export interface Probe {
  /** `Postgres`, `Redis`, `directory acme/corp`. */
  name: string;
  /** Resolves when it answered, with the steps it took if there are any; rejects when it did not. */
  check(): Promise<readonly ProbeStep[]>;
}

export interface ProbeStep {
  step: string;
  server: string;
  ok: boolean;
  milliseconds: number;
  detail: string;
}

export interface CheckConfigOptions {
  file?: string | undefined;
  env: Environment;
  /** Makes the probes; asked only when the configuration is whole. */
  probes?: ((configuration: Configuration) => readonly Probe[]) | undefined;
  /** Milliseconds that each probe may take; 15,000 unless told. */
  probeLimitMs?: number;
  /** One JSON object instead of text. */
  json?: boolean | undefined;
}

export interface CheckConfigResult {
  exitCode: 0 | 1;
  /** To be printed as it is; it holds no secret. */
  report: string;
}

interface Probed {
  name: string;
  ok: boolean;
  milliseconds: number;
  detail: string;
  steps: readonly ProbeStep[];
}

interface Findings {
  ok: boolean;
  problems: Problem[];
  warnings: Problem[];
  probes: Probed[];
}

/** 1 when there is a problem or a probe fails; warnings alone leave it at 0. */
export async function checkConfig(options: CheckConfigOptions): Promise<CheckConfigResult> {
  const findings = await find(options);
  return {
    exitCode: findings.ok ? 0 : 1,
    report: options.json ? `${JSON.stringify(findings, null, 2)}\n` : textOf(findings),
  };
}

async function find({ file, env, probes, probeLimitMs = 15_000 }: CheckConfigOptions): Promise<Findings> {
  const loaded = loadConfiguration({ file, env });
  const { warnings } = loaded;
  if (!loaded.ok) return { ok: false, problems: loaded.problems, warnings, probes: [] };

  const redact = redactor(loaded.configuration);
  const asked = probes?.(loaded.configuration) ?? [];
  const answers = await Promise.all(asked.map((probe) => ask(probe, probeLimitMs, redact)));
  return { ok: answers.every(({ ok }) => ok), problems: [], warnings, probes: answers };
}

async function ask(probe: Probe, limitMs: number, redact: (text: string) => string): Promise<Probed> {
  const { name } = probe;
  const start = performance.now();
  const took = () => Math.round(performance.now() - start);
  try {
    const steps = await within(limitMs, () => probe.check());
    const told = steps.map((step) => ({ ...step, detail: redact(step.detail) }));
    return { name, ok: steps.every(({ ok }) => ok), milliseconds: took(), detail: '', steps: told };
  } catch (error) {
    return { name, ok: false, milliseconds: took(), detail: redact(reasonOf(error)), steps: [] };
  }
}

function textOf({ problems, warnings, probes }: Findings): string {
  const blocks = [
    ...problems.map((problem) => describeProblem('error', problem)),
    ...warnings.map((problem) => describeProblem('warning', problem)),
    ...(probes.length > 0 ? [probes.map(describeProbe).join('\n')] : []),
    summary(problems, warnings, probes),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function describeProbe({ name, ok, milliseconds, detail, steps }: Probed): string {
  const lines = steps.map((step) => `         ${step.server} ${step.step} ${outcomeOf(step)}`);
  return [`probe: ${name} ${outcomeOf({ ok, milliseconds, detail })}`, ...lines].join('\n');
}

function outcomeOf({ ok, milliseconds, detail }: { ok: boolean; milliseconds: number; detail: string }): string {
  return `${ok ? 'answered' : 'failed'} (${String(milliseconds)} ms)${detail === '' ? '' : `: ${detail}`}`;
}

function summary(problems: Problem[], warnings: Problem[], probes: Probed[]): string {
  const counts = [count(problems.length, 'error'), count(warnings.length, 'warning')];
  const failed = probes.filter(({ ok }) => !ok).length;
  if (probes.length > 0) counts.push(failed === 0 ? 'every probe answered' : `${count(failed, 'probe')} failed`);
  const verdict = problems.length === 0 && failed === 0 ? 'The configuration is good' : 'The configuration is not good';
  return `${verdict}: ${counts.join(', ')}.`;
}

function count(number: number, noun: string): string {
  return `${number === 0 ? 'no' : String(number)} ${noun}${number === 1 ? '' : 's'}`;
}
