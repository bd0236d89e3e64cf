// What a client may see and do in a person's name, and how a Grant comes to hold it.

/** Scopes, single claims, and scopes by resource (RFC 8707). */
export interface Access {
  scopes: readonly string[];
  claims: readonly string[];
  resources: Readonly<Record<string, readonly string[]>>;
}

export const NO_ACCESS: Access = { scopes: [], claims: [], resources: {} };

/** What is needed of the protocol library's Grant. */
export interface Grantable {
  addOIDCScope(scope: string): void;
  addOIDCClaims(claims: string[]): void;
  addResourceScope(resource: string, scope: string): void;
}

export function grantAccess(grant: Grantable, { scopes, claims, resources }: Access): void {
  if (scopes.length > 0) grant.addOIDCScope(scopes.join(' '));
  if (claims.length > 0) grant.addOIDCClaims([...claims]);
  for (const [resource, resourceScopes] of Object.entries(resources)) {
    if (resourceScopes.length > 0) grant.addResourceScope(resource, resourceScopes.join(' '));
  }
}

/** Whether `part` asks for nothing beyond `whole`. */
export function includesAccess(whole: Access, part: Access): boolean {
  return (
    part.scopes.every((scope) => whole.scopes.includes(scope)) &&
    part.claims.every((claim) => whole.claims.includes(claim)) &&
    Object.entries(part.resources).every(([resource, scopes]) =>
      scopes.every((scope) => whole.resources[resource]?.includes(scope)),
    )
  );
}

export function joinAccess(first: Access, second: Access): Access {
  const resources = new Set([...Object.keys(first.resources), ...Object.keys(second.resources)]);
  return {
    scopes: joined(first.scopes, second.scopes),
    claims: joined(first.claims, second.claims),
    resources: Object.fromEntries(
      [...resources].map((name) => [name, joined(first.resources[name], second.resources[name])]),
    ),
  };
}

function joined(first: readonly string[] = [], second: readonly string[] = []): string[] {
  return [...new Set([...first, ...second])];
}
