// What processes have used so far, from proc(5).

import { readFileSync } from 'node:fs';

/** Seconds of CPU, by what used it. */
export interface CpuUse {
  server: number;
  postgres: number;
  redis: number;
  slapd: number;
}

/** User-space sees this many a second, whatever the kernel's own clock does (proc(5), sysconf(3)). */
const TICKS_PER_SECOND = 100;

/** @param serverPid of the server under load; the others are found among this process's children. */
export function cpuUse(serverPid: number): CpuUse {
  const children = childrenOf(process.pid);
  const named = (program: string) =>
    children.filter((pid) => nameOf(pid) === program).reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  return {
    server: cpuSeconds(serverPid),
    postgres: named('postgres'),
    redis: named('redis-server'),
    slapd: named('slapd'),
  };
}

export function cpuBetween(before: CpuUse, after: CpuUse): CpuUse {
  return {
    server: after.server - before.server,
    postgres: after.postgres - before.postgres,
    redis: after.redis - before.redis,
    slapd: after.slapd - before.slapd,
  };
}

/** Megabytes (10⁶ bytes) that a process has in memory. */
export function residentMegabytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

/** With its children, those that have ended too: every connection to Postgres is a process of its own. */
function cpuSeconds(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + ticks(one), 0) / TICKS_PER_SECOND;
}

function ticks(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold spaces; utime, stime, cutime and cstime are the 12th to 15th after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function nameOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim();
}

/** Empty for a process that has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
}
