// A serving process from its start to its drain.

import { setTimeout as sleep } from 'node:timers/promises';

import type Koa from 'koa';

import { compose } from '../compose.ts';
import type { OwnChannels } from '../compose-delivery.ts';
import { composeCore, openStorage } from '../compose-core.ts';
import type { Storage } from '../compose-core.ts';
import type { Configuration } from '../config.ts';
import { AppError } from '../errors.ts';
import { listen } from '../http/server.ts';
import type { Listener } from '../http/server.ts';
import type { Log } from '../observability/log.ts';

export interface ServerOptions extends OwnChannels {
  configuration: Configuration;
  log: Log;
  /** Opened by the caller, who closes it; its own otherwise. */
  storage?: Storage;
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

/** @throws AppError `invalid_configuration`, also when a port cannot be had. */
export async function startServer({ configuration, log, storage, ...channels }: ServerOptions): Promise<Server> {
  const opened = storage ?? (await openStorage(configuration, log));
  /** What ends the server, in its order. */
  const ends: (() => Promise<void>)[] = storage ? [] : [() => opened.db.close()];
  const end = async () => {
    for (const step of ends) await step();
  };
  try {
    const composed = await compose({ configuration, storage: opened, log, ...channels });
    ends.unshift(composed.close);
    for (const change of await composeCore(opened).applyConfiguration(configuration.tenants)) {
      const { what, kind, tenant, name } = change;
      if (what === 'not-in-file')
        log.warn({ kind, tenant, name }, 'no longer in the configuration file; nothing is deleted');
      else log.info({ what, kind, tenant, name }, 'configuration applied');
    }
    if (composed.opsApp && configuration.opsListen) {
      const opsDoor = await open(composed.opsApp, configuration.opsListen);
      ends.unshift(() => opsDoor.close(0));
    }
    const door = await open(composed.app, configuration.listen);
    ends.unshift(() => door.close(configuration.shutdownGrace * 1000));
    log.info({ url: door.url, publicUrl: configuration.publicUrl }, 'ready');

    const stop = async () => {
      composed.drain();
      if (configuration.production) await sleep(NOTICE_MS);
      await end();
    };
    let stopped: Promise<void> | undefined;
    return { url: door.url, port: door.port, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await end();
    throw error;
  }
}

async function open(app: Koa, address: Configuration['listen']): Promise<Listener> {
  try {
    return await listen(app, address);
  } catch (cause) {
    throw new AppError('invalid_configuration', 500, `Cannot listen on ${address.host}, port ${address.port}.`, {
      cause,
    });
  }
}
