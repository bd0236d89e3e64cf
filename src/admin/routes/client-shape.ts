// A client as the admin API shows it and takes it: RFC 7591's names, in snake_case, and ours beside them, as in the configuration
// file. Roles are not among what is taken: they are given by a request of their own, which asks who gives them.

import { z } from 'zod';

import { USUAL_OVERLAP } from '../../clients/administer-clients.ts';
import type { ClientSecret, RegisteredClient } from '../../clients/administer-clients.ts';
import { clientMetadata } from '../../clients/client-metadata.ts';
import { clientId } from '../../clients/client-rules.ts';

const { roles: _, ...taken } = clientMetadata.shape;

export const clientBody = z.strictObject(taken).meta({ id: 'ClientMetadata' });
export const newClientBody = clientBody
  .extend({ client_id: clientId.optional().describe('One is made if left out') })
  .meta({
    id: 'NewClient',
    examples: [{ client_id: 'wiki', client_name: 'Wiki', redirect_uris: ['https://wiki.example.com/callback'] }],
  });
/** What it comes to is held against `clientBody`. */
export const clientPatch = z
  .record(z.string(), z.unknown())
  .describe('JSON merge patch (RFC 7396) of the metadata: null takes a member back to its default')
  .meta({ id: 'ClientPatch' });

export const clientShape = z
  .strictObject({
    client_id: z.string(),
    ...taken,
    client_secret: z.string().optional().describe('Only in the answer that makes it'),
    roles: z.array(z.string()).describe('Given to the client itself; getClientRoles tells what they come to'),
    managedBy: z.enum(['file', 'api']).describe('What the configuration file declares is changed there'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Client' });

export const newSecretBody = z
  .strictObject({
    expiresAt: z.iso.datetime().optional().describe('It lives until it is taken away if left out'),
    overlap: z
      .int()
      .min(0)
      .max(366 * 86_400)
      .default(USUAL_OVERLAP)
      .describe('Seconds for which the secret so far stays good; 0 after it has leaked'),
  })
  .meta({ id: 'NewClientSecret', examples: [{ overlap: 86400 }] });
export const secretShape = z
  .strictObject({ id: z.uuid(), createdAt: z.iso.datetime(), expiresAt: z.iso.datetime().nullable() })
  .meta({ id: 'ClientSecret' });
export const newSecretShape = secretShape
  .extend({
    client_secret: z.string().describe('Shown now, and never again'),
    previousUntil: z.iso.datetime().nullable().describe('Until then the secret so far is good, too'),
  })
  .meta({ id: 'MadeClientSecret' });

export type ShownClient = z.output<typeof clientShape>;
export type ShownSecret = z.output<typeof secretShape>;

export function shownClient({ id, metadata, managedBy, roles, createdAt, updatedAt }: RegisteredClient): ShownClient {
  return {
    client_id: id,
    ...metadata,
    roles: [...roles],
    managedBy,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export function shownSecret({ id, createdAt, expiresAt }: ClientSecret): ShownSecret {
  return { id, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
}
