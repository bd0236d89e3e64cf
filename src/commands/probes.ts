// What `check-config --probe` asks: everything that the configuration names.

import type { Probe } from '../check-config.ts';
import type { Configuration } from '../config.ts';
import { openPostgres } from '../db/database-postgres.ts';
import { createLdapDirectory } from '../directory/directory-ldap.ts';
import { createRedisStore } from '../ephemeral/ephemeral-redis.ts';

const PATIENCE_MS = 5000;

export function probesOf({ databaseUrl, redisUrl, tenants }: Configuration): Probe[] {
  return [
    ...(databaseUrl === undefined ? [] : [closing('Postgres', () => openPostgres({ url: databaseUrl }))]),
    ...(redisUrl === undefined ? [] : [closing('Redis', () => createRedisStore({ url: redisUrl }))]),
    ...Object.entries(tenants).flatMap(([slug, { directories }]) =>
      Object.entries(directories).map(([name, { settings, bindPassword = '' }]): Probe => {
        const open = () => createLdapDirectory({ name, settings, bindPassword });
        return {
          name: `directory ${slug}/${name}`,
          async check() {
            const directory = open();
            try {
              return await directory.probe();
            } finally {
              await directory.close();
            }
          },
        };
      }),
    ),
  ];
}

function closing(name: string, open: () => { ping(timeoutMs: number): Promise<void>; close(): Promise<void> }): Probe {
  return {
    name,
    async check() {
      const opened = open();
      try {
        await opened.ping(PATIENCE_MS);
        return [];
      } finally {
        await opened.close();
      }
    },
  };
}
