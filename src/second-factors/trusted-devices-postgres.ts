import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import { storableText } from '../db/storable.ts';
import { sha256 } from '../security/sha256.ts';
import type { TrustedDevice, TrustedDevices } from './trusted-devices.ts';

interface Row {
  id: string;
  name: string;
  address: string;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
}

/** Seconds by which the directory's clock and the database's may differ. Who was trusted within them is asked once more. */
const CLOCK_SKEW = 90;

const COLUMNS = 'id, name, address, created_at, last_used_at, expires_at';

// Whether a device is still trusted is for the database's clock to say, because those of several processes differ.

export function createPostgresTrustedDevices(db: Database): TrustedDevices {
  return {
    async trust(tenantId, userId, { name, address, days }) {
      const id = uuidv7();
      const mark = randomBytes(32).toString('base64url');
      await db.query(
        `insert into trusted_devices (id, tenant_id, user_id, mark_hash, name, address, expires_at)
         values ($1, $2, $3, $4, $5, $6, now() + make_interval(days => $7))`,
        [id, tenantId, userId, sha256(mark), storableText(name), address, days],
      );
      return { id, mark };
    },

    async recognise(tenantId, userId, mark) {
      const row = await db.one<Row>(
        `update trusted_devices set last_used_at = now()
         where tenant_id = $1 and user_id = $2 and mark_hash = $3 and expires_at > now()
         returning ${COLUMNS}`,
        [tenantId, userId, sha256(mark)],
      );
      return row && deviceOf(row);
    },

    async list(tenantId, userId) {
      const rows = await db.query<Row>(
        `select ${COLUMNS} from trusted_devices
         where tenant_id = $1 and user_id = $2 and expires_at > now() order by last_used_at desc, id desc`,
        [tenantId, userId],
      );
      return rows.map(deviceOf);
    },

    // The id comes from a URL, and may be no UUID at all.
    async remove(tenantId, userId, id) {
      const removed = await db.query(
        'delete from trusted_devices where tenant_id = $1 and user_id = $2 and id::text = $3 returning 1',
        [tenantId, userId, id],
      );
      return removed.length > 0;
    },

    async removeOlder(tenantId, userId, passwordChangedAt) {
      const removed = await db.query(
        `delete from trusted_devices
         where tenant_id = $1 and user_id = $2 and created_at < $3::timestamptz + make_interval(secs => $4)
         returning 1`,
        [tenantId, userId, passwordChangedAt, CLOCK_SKEW],
      );
      return removed.length;
    },

    async removeAll(tenantId, userId) {
      const removed = await db.query('delete from trusted_devices where tenant_id = $1 and user_id = $2 returning 1', [
        tenantId,
        userId,
      ]);
      return removed.length;
    },
  };
}

function deviceOf({ id, name, address, created_at, last_used_at, expires_at }: Row): TrustedDevice {
  return { id, name, address, createdAt: created_at, lastUsedAt: last_used_at, expiresAt: expires_at };
}
