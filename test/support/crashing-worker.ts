// A process that claims a message and dies before it has sent it, as by `kill -9`. Reads DATABASE_URL.

import { openPostgres } from '../../src/db/database-postgres.ts';
import { startDeliveryWorker } from '../../src/delivery/delivery-worker.ts';
import { createPostgresOutbox } from '../../src/delivery/outbox-postgres.ts';
import { outboxEncryption } from './outbox.ts';

const db = openPostgres({ url: process.env.DATABASE_URL ?? '' });
startDeliveryWorker({
  outbox: createPostgresOutbox(db, outboxEncryption),
  channels: {
    email: {
      send: async () => {
        process.kill(process.pid, 'SIGKILL');
        await new Promise(() => undefined);
      },
    },
  },
  log: { warn: () => undefined },
  leaseSeconds: 2,
});
