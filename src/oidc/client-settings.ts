import type { Client } from 'oidc-provider';

import { ownClientMetadata } from '../clients/client-metadata.ts';
import type { OwnClientMetadata } from '../clients/client-metadata.ts';

const known = new WeakMap<Client, OwnClientMetadata>();

/** Our own part of a client's registration, which the library carries along untyped. */
export function clientSettings(client: Client): OwnClientMetadata {
  const before = known.get(client);
  if (before) return before;
  const settings = ownClientMetadata.parse(client);
  known.set(client, settings);
  return settings;
}
