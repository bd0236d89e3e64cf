// What an orchestrator and Prometheus ask: alive, ready, how busy. Mounted before the host check, since a probe names an
// address and no public host, or on an app of its own.

import { Router } from '@koa/router';
import type { Middleware } from 'koa';
import { within } from '../deadline.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

const CHECK_TIMEOUT_MS = 2_000;

/** A dependency that must answer before this process can serve. */
export interface HealthCheck {
  name: string;
  /** Rejects when the dependency does not answer well within `timeoutMs`. */
  check(timeoutMs: number): Promise<void>;
}

export interface HealthDependencies {
  checks: readonly HealthCheck[];
  metrics: Pick<Metrics, 'contentType' | 'text'>;
  /** True from the moment the process was told to stop. */
  draining: () => boolean;
  log: Log;
}

type Readiness = Record<string, 'ok' | 'failed'>;

export function healthRoutes({ checks, metrics, draining, log }: HealthDependencies): Router {
  const router = new Router();
  const readiness = shared(() => runChecks(checks, log));

  router.get('/livez', notStored, (ctx) => {
    ctx.body = { status: 'alive' };
  });

  router.get('/readyz', notStored, async (ctx) => {
    if (draining()) {
      ctx.status = 503;
      ctx.body = { status: 'draining' };
      return;
    }
    const results = await readiness();
    const ready = Object.values(results).every((result) => result === 'ok');
    ctx.status = ready ? 200 : 503;
    ctx.body = { status: ready ? 'ready' : 'unavailable', checks: results };
  });

  router.get('/metrics', notStored, async (ctx) => {
    ctx.set('Content-Type', metrics.contentType);
    ctx.body = await metrics.text();
  });

  return router;
}

const notStored: Middleware = (ctx, next) => {
  ctx.set('Cache-Control', 'no-store');
  return next();
};

/** Callers that come while an answer is being found get that one: hammering the probe does not hammer the dependencies. */
function shared<T>(find: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () => {
    pending ??= find().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

async function runChecks(checks: readonly HealthCheck[], log: Log): Promise<Readiness> {
  const results = await Promise.all(
    checks.map(async ({ name, check }) => {
      try {
        // A check that ignores its time-out must not take the probe with it.
        await within(CHECK_TIMEOUT_MS, () => check(CHECK_TIMEOUT_MS));
        return [name, 'ok'] as const;
      } catch (err) {
        log.warn({ check: name, err }, 'not ready');
        return [name, 'failed'] as const;
      }
    }),
  );
  return Object.fromEntries(results);
}
