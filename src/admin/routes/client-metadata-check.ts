// What somebody wants a client to be, held against the schema and the rules that the configuration file's are held against.

import type { AdministerClients } from '../../clients/administer-clients.ts';
import { clientMetadata } from '../../clients/client-metadata.ts';
import type { ClientMetadata } from '../../clients/client-metadata.ts';
import { plainRedirects, serviceWithoutProof, unknownResource } from '../../clients/client-rules.ts';
import type { ClientMistake } from '../../clients/client-rules.ts';
import { isAttainable } from '../../policy/required-proof.ts';
import type { Tenant } from '../../tenants/tenants.ts';
import { asPointer, checkedBody, invalid } from '../checked.ts';
import { clientBody } from './client-shape.ts';

export interface MetadataCheckDeps {
  administerClients: Pick<AdministerClients, 'unknownRoles'>;
  issuerOf(tenant: Tenant): string;
}

/** @throws Problem `invalid-request` that points to each mistake. */
export async function checkedMetadata(
  { administerClients, issuerOf }: MetadataCheckDeps,
  tenant: Tenant,
  given: unknown,
): Promise<ClientMetadata> {
  // Once without the roles, which nobody may give here, and once by the rules between members.
  const metadata = checkedBody(clientMetadata, checkedBody(clientBody, given));
  const unknown = await administerClients.unknownRoles(tenant.id, metadata.allow?.roles ?? []);
  const mistakes = [
    ...serviceWithoutProof(metadata),
    ...unknownResource(metadata, Object.keys(tenant.settings.resources), 'add it to the resources of the tenant first'),
    // Where the issuer itself is in the clear, so may the applications of a test be.
    ...(issuerOf(tenant).startsWith('https:') ? plainRedirects(metadata) : []),
    ...unknownRoles(metadata, unknown),
    ...unattainable(metadata, tenant),
  ];
  if (mistakes.length === 0) return metadata;
  throw invalid(mistakes.map(({ path, message, mend }) => asPointer(path, `${message}: ${mend}`)));
}

function* unknownRoles({ allow }: ClientMetadata, unknown: readonly string[]): Generator<ClientMistake> {
  for (const [index, role] of allow?.roles.entries() ?? []) {
    if (!unknown.includes(role)) continue;
    const path = ['allow', 'roles', String(index)];
    yield { path, message: 'is not a role of this tenant', mend: 'name one that is there' };
  }
}

/** The configuration file only warns of it: there the tenant's policy may be changed with it. */
function* unattainable({ minimumAcr }: ClientMetadata, { settings }: Tenant): Generator<ClientMistake> {
  if (minimumAcr === undefined || isAttainable(settings.policy, minimumAcr)) return;
  yield {
    path: ['minimumAcr'],
    message: 'is reached by none of the second factors that are allowed',
    mend: 'nobody could sign in',
  };
}
