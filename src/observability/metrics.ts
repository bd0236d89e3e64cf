// What is counted and measured, under stable names. Callers say what happened and know nothing of Prometheus.

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface LoginFinished {
  tenant: string;
  /** `succeeded`, or the reason's stable name. */
  outcome: string;
  /** The factor that decided it: `password`, `totp` … */
  factor: string;
}

export interface DirectoryAnswered {
  /** `host:port` */
  server: string;
  operation: 'connect' | 'tls' | 'bind' | 'search' | 'modify' | 'extended';
  ok: boolean;
  seconds: number;
}

export interface DirectoryServerChanged {
  tenant: string;
  /** Its name; several may have the same server, each with connections and a verdict of its own. */
  directory: string;
  /** `host:port` */
  server: string;
  /** `unused`: nobody asks it any longer. */
  state: 'up' | 'down' | 'unused';
}

export interface TokenGrantFinished {
  tenant: string;
  grantType: string;
  /** `granted`, or the OAuth error's name. */
  outcome: string;
}

export interface RequestFinished {
  /** A route's pattern, from a fixed set. */
  route: string;
  method: string;
  status: number;
  seconds: number;
}

export interface PoolUse {
  used: number;
  free: number;
  pending: number;
}

export interface Metrics {
  loginFinished(login: LoginFinished): void;
  directoryAnswered(answer: DirectoryAnswered): void;
  directoryServerChanged(change: DirectoryServerChanged): void;
  tokenGrantFinished(grant: TokenGrantFinished): void;
  requestFinished(request: RequestFinished): void;
  /** Reads the pool's use whenever the metrics are asked for. */
  watchPool(pool: string, use: () => PoolUse): void;
  readonly contentType: string;
  /** Everything, in Prometheus' text format. */
  text(): Promise<string>;
}

// What a client chooses freely must not become a label of its own: every new value is a new series for ever.
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const GRANT_TYPES = new Set(['authorization_code', 'refresh_token', 'client_credentials']);

/** A registry of its own with Node's default metrics, event-loop delay (`nodejs_eventloop_lag_*`) among them. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const logins = new Counter({
    name: 'sallyport_logins_total',
    help: 'Sign-ins that came to an end, by the factor that decided them.',
    labelNames: ['tenant', 'outcome', 'factor'],
    registers,
  });
  const directory = new Histogram({
    name: 'sallyport_directory_seconds',
    help: 'How long directory servers take to answer.',
    labelNames: ['server', 'operation', 'ok'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const directoryServers = new Gauge({
    name: 'sallyport_directory_server_up',
    help: 'Whether a directory server can be used: 1, or 0 while it is down.',
    labelNames: ['tenant', 'directory', 'server'],
    registers,
  });
  const grants = new Counter({
    name: 'sallyport_token_grants_total',
    help: 'Requests to the token endpoint.',
    labelNames: ['tenant', 'grant_type', 'outcome'],
    registers,
  });
  const requests = new Histogram({
    name: 'sallyport_http_request_seconds',
    help: 'How long requests took, until their answer had left.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const watchPool = poolGauge(registry);

  return {
    loginFinished: ({ tenant, outcome, factor }) => logins.inc({ tenant, outcome, factor }),
    directoryAnswered: ({ server, operation, ok, seconds }) =>
      directory.observe({ server, operation, ok: String(ok) }, seconds),
    directoryServerChanged: ({ tenant, directory: name, server, state }) => {
      const labels = { tenant, directory: name, server };
      if (state === 'unused') directoryServers.remove(labels);
      else directoryServers.set(labels, state === 'up' ? 1 : 0);
    },
    tokenGrantFinished: ({ tenant, grantType, outcome }) =>
      grants.inc({ tenant, grant_type: GRANT_TYPES.has(grantType) ? grantType : 'other', outcome }),
    requestFinished: ({ route, method, status, seconds }) =>
      requests.observe({ route, method: METHODS.has(method) ? method : 'other', status }, seconds),
    watchPool,
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function poolGauge(registry: Registry): Metrics['watchPool'] {
  const pools = new Map<string, () => PoolUse>();
  new Gauge({
    name: 'sallyport_pool_connections',
    help: 'Connections of a pool: used, free, and requests waiting for one.',
    labelNames: ['pool', 'state'],
    registers: [registry],
    collect() {
      for (const [pool, use] of pools) {
        for (const [state, count] of Object.entries(use())) this.set({ pool, state }, count);
      }
    },
  });
  return (pool, use) => {
    pools.set(pool, use);
  };
}
