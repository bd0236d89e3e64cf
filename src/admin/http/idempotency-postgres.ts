// Answers of POSTs in Postgres, encrypted: one may hold a secret that is shown once.

import { z } from 'zod';

import type { Database } from '../../db/database.ts';
import type { Encryption, Place } from '../../security/encryption.ts';
import { sha256 } from '../../security/sha256.ts';
import { IDEMPOTENCY_HOURS } from './idempotency.ts';
import type { Idempotency } from './idempotency.ts';
import { Problem } from '../problem.ts';
import type { Answer } from '../route.ts';

const keptAnswer = z.object({
  body: z.unknown(),
  status: z.number().optional(),
  etag: z.string().optional(),
  location: z.string().optional(),
});

interface Kept {
  requestHash: string;
  answer: string;
}

export function createPostgresIdempotency(db: Database, encryption: Encryption): Idempotency {
  /** Waits for another one under way; whether the row is ours then. One that is too old counts for nothing. */
  async function claim(row: readonly string[], requestHash: string): Promise<boolean> {
    const claimed = await db.one(
      `insert into idempotency_keys as kept (tenant_id, caller, key_hash, request_hash) values ($1, $2, $3, $4)
       on conflict (tenant_id, caller, key_hash) do update
         set request_hash = excluded.request_hash, answer = null, created_at = now()
         where kept.created_at < now() - make_interval(hours => $5)
       returning 1 as claimed`,
      [...row, requestHash, IDEMPOTENCY_HOURS],
    );
    return claimed !== undefined;
  }

  return {
    once: ({ caller, key, requestHash }, work) =>
      db.unitOfWork(async () => {
        const row = [caller.tenant.id, `${caller.kind}:${caller.id}`, sha256(key)] as const;
        if (await claim(row, requestHash)) {
          const answer = await work();
          await db.query(
            `update idempotency_keys set answer = $4 where tenant_id = $1 and caller = $2 and key_hash = $3`,
            [...row, encryption.encrypt(JSON.stringify(answer), placeOf(row))],
          );
          return { ...answer, replayed: false };
        }
        const kept = await db.one<Kept>(
          `select request_hash as "requestHash", answer from idempotency_keys
           where tenant_id = $1 and caller = $2 and key_hash = $3`,
          row,
        );
        if (kept?.requestHash !== requestHash) {
          throw new Problem('idempotency-key-reused', 'This Idempotency-Key belongs to another request.');
        }
        return { ...answerOf(encryption.decrypt(kept.answer, placeOf(row))), replayed: true };
      }),
  };
}

function placeOf(row: readonly string[]): Place {
  return { table: 'idempotency_keys', column: 'answer', row: JSON.stringify(row) };
}

function answerOf(text: string): Answer {
  const { body, ...rest } = keptAnswer.parse(JSON.parse(text));
  return { ...rest, body };
}
