// Child processes of the tests: started, awaited until they serve, stopped, and never left behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

export interface ProcessOptions {
  /** What the process prints, on stdout or stderr, once it serves. Without it, `startProcess` does not wait. */
  ready?: RegExp;
  /** Milliseconds; 30,000 unless told. */
  readyTimeoutMs?: number;
  cwd?: string;
  /** Added to this process's own environment. */
  env?: Record<string, string>;
  /** Run as this user, which only root can. */
  user?: SystemUser;
  /** What asks the process to stop; SIGTERM unless told. */
  stopSignal?: NodeJS.Signals;
}

export interface SystemUser {
  uid: number;
  gid: number;
}

export interface TestProcess {
  readonly pid: number;
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Everything printed so far, stdout and stderr. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to stop, kills it after `graceMs` (10,000 unless told), and waits until it is gone. */
  stop(graceMs?: number): Promise<void>;
}

const running = new Set<TestProcess>();
process.on('exit', () => {
  for (const child of running) child.signal('SIGKILL');
});

/** @throws Error with what the process printed, if it ends or stays silent instead of getting ready. */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<TestProcess> {
  const [file, ...fileArgs] = dyingWithParent(command, args, options.user);
  const child = spawn(file, fileArgs, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  }
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 0));
  });
  await once(child, 'spawn');

  const started: TestProcess = {
    pid: child.pid ?? 0,
    exited,
    output: () => printed.join(''),
    signal: (signal) => void child.kill(signal),
    stop: (graceMs = 10_000) => stop(started, options.stopSignal ?? 'SIGTERM', graceMs),
  };
  running.add(started);
  void exited.then(() => running.delete(started));
  if (options.ready) await untilReady(started, command, options.ready, options.readyTimeoutMs ?? 30_000);
  return started;
}

async function untilReady(started: TestProcess, command: string, ready: RegExp, timeoutMs: number): Promise<void> {
  let ended: number | NodeJS.Signals | undefined;
  void started.exited.then((how) => (ended = how));
  const deadline = Date.now() + timeoutMs;
  while (!ready.test(started.output())) {
    if (ended !== undefined) throw new Error(`${command} ended (${ended}) before it was ready:\n${started.output()}`);
    if (Date.now() > deadline) {
      await started.stop(0);
      throw new Error(`${command} was not ready after ${timeoutMs} ms:\n${started.output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function stop(child: TestProcess, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  child.signal(signal);
  // A process that a test has paused takes no notice of a signal until it goes on.
  child.signal('SIGCONT');
  const kill = setTimeout(() => child.signal('SIGKILL'), graceMs);
  await child.exited;
  clearTimeout(kill);
}

/**
 * Linux can be asked to kill a child whose parent has gone, even by SIGKILL (prctl(2), PR_SET_PDEATHSIG). The request does not
 * survive a change of user, so setpriv does both, in the right order.
 */
function dyingWithParent(
  command: string,
  args: readonly string[],
  user: SystemUser | undefined,
): [string, ...string[]] {
  if (!existsSync('/usr/bin/setpriv')) return [command, ...args];
  const asUser = user ? ['--reuid', `${user.uid}`, '--regid', `${user.gid}`, '--clear-groups'] : [];
  return ['/usr/bin/setpriv', '--pdeathsig', 'KILL', ...asUser, command, ...args];
}

/** For servers that refuse to run as root: somebody else to run them as, or undefined where we are not root ourselves. */
export function unprivilegedUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  const nobody = accounts.find((account) => account.startsWith('nobody:'))?.split(':');
  if (!nobody) throw new Error('Running as root, and there is no account "nobody" for a server that refuses root.');
  return { uid: Number(nobody[2]), gid: Number(nobody[3]) };
}
