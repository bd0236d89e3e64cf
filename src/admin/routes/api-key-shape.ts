// How an API key is asked for and shown.

import { z } from 'zod';

import type { ApiKey } from '../../api-keys/api-keys.ts';
import { idParam, time } from '../route.ts';

/** Seconds, all of these. */
const DAY = 86_400;
export const USUAL_LIFE = 90 * DAY;
export const LONGEST_LIFE = 365 * DAY;
const USUAL_OVERLAP = DAY;
const LONGEST_OVERLAP = 7 * DAY;

export const apiKeyParams = z.strictObject({ apiKeyId: idParam });
const instant = z.iso.datetime({ offset: true });
const name = z.string().trim().min(1).max(100);
const expiresAt = instant.describe('Within a year; in 90 days if left out');

export const apiKeyShape = z
  .strictObject({
    id: idParam,
    name: z.string(),
    permissions: z.array(z.string()),
    createdBy: z.string().describe('Who made it, as `user:<id>`; of another tenant with its name before that'),
    expiresAt: time,
    lastUsedAt: time.nullable().describe('To the minute'),
    previousUntil: time.nullable().describe('Until then the key from before the last rotation is good, too'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'ApiKey' });
export type ShownApiKey = z.output<typeof apiKeyShape>;
export const withKey = apiKeyShape
  .extend({ key: z.string().describe('The key itself. It is not shown again') })
  .meta({ id: 'MadeApiKey' });

export const newApiKey = z
  .strictObject({
    name,
    permissions: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$/, 'write it as type:action; a key names each')
          .max(100),
      )
      .min(1)
      .max(200)
      .describe("What it may do, and give: one by one, the admin API's or the tenant's own, and no more than you hold"),
    expiresAt: expiresAt.optional(),
  })
  .meta({ id: 'NewApiKey', examples: [{ name: 'nightly import', permissions: ['users:read', 'users:write'] }] });

export const apiKeyPatch = z
  .strictObject({ name: name.optional(), expiresAt: expiresAt.optional() })
  .meta({ id: 'ApiKeyPatch' });

export const apiKeyRotation = z
  .strictObject({
    overlap: z
      .int()
      .min(0)
      .max(LONGEST_OVERLAP)
      .default(USUAL_OVERLAP)
      .describe('Seconds for which the key so far stays good; 0 after it has leaked'),
  })
  .meta({ id: 'ApiKeyRotation' });

export function shownApiKey({ permissions, lastUsedAt, previousUntil, ...key }: ApiKey): ShownApiKey {
  return {
    id: key.id,
    name: key.name,
    permissions: [...permissions],
    createdBy: key.createdBy,
    expiresAt: key.expiresAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    previousUntil: previousUntil?.toISOString() ?? null,
    createdAt: key.createdAt.toISOString(),
    updatedAt: key.updatedAt.toISOString(),
  };
}
