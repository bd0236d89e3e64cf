// A serving process from its start to its drain.

import { setTimeout as sleep } from 'node:timers/promises';

import { compose } from '../compose.ts';
import { composeCore, openStorage } from '../compose-core.ts';
import type { Storage } from '../compose-core.ts';
import type { Configuration } from '../config.ts';
import type { Channel } from '../delivery/delivery.ts';
import { listen } from '../http/server.ts';
import type { Log } from '../observability/log.ts';

export interface ServerOptions {
  configuration: Configuration;
  log: Log;
  /** Opened by the caller, who closes it; its own otherwise. */
  storage?: Storage;
  emailChannel?: Channel;
}

export interface Server {
  /** Where it listens; people reach it by the configured `publicUrl`. */
  url: string;
  port: number;
  /** Answers what has begun, then ends. Idempotent. */
  stop(): Promise<void>;
}

/** Balancers ask `/readyz` every second or so: time for them to look elsewhere before the door closes. */
const NOTICE_MS = 1000;

/** @throws AppError `invalid_configuration`; whatever the network says when a port cannot be had. */
export async function startServer({ configuration, log, storage, emailChannel }: ServerOptions): Promise<Server> {
  const opened = storage ?? (await openStorage(configuration, log));
  const closeStorage = () => (storage ? Promise.resolve() : opened.db.close());
  try {
    const composed = await compose({ configuration, storage: opened, log, emailChannel });
    for (const change of await composeCore(opened).applyConfiguration(configuration.tenants)) {
      const { what, kind, tenant, name } = change;
      if (what === 'not-in-file')
        log.warn({ kind, tenant, name }, 'no longer in the configuration file; nothing is deleted');
      else log.info({ what, kind, tenant, name }, 'configuration applied');
    }
    const grace = configuration.shutdownGrace * 1000;
    const door = await listen(composed.app, configuration.listen);
    const opsDoor =
      composed.opsApp && configuration.opsListen ? await listen(composed.opsApp, configuration.opsListen) : undefined;
    log.info({ url: door.url, publicUrl: configuration.publicUrl }, 'ready');

    const stop = async () => {
      composed.drain();
      if (configuration.production) await sleep(NOTICE_MS);
      await door.close(grace);
      await opsDoor?.close(0);
      await composed.close();
      await closeStorage();
    };
    let stopped: Promise<void> | undefined;
    return { url: door.url, port: door.port, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await closeStorage();
    throw error;
  }
}
