import type { KoaContextWithOIDC } from 'oidc-provider';

import type { Access } from '../login/access.ts';

/** True of every sign-in, so that nobody is asked for them: the library's consent prompt has the same list. */
const UNASKED = new Set(['sub', 'sid', 'auth_time', 'acr', 'amr', 'iss']);

/** What the request at hand asks a person for. */
export function requestedOf({ oidc }: KoaContextWithOIDC): Access {
  return {
    scopes: [...oidc.requestParamOIDCScopes],
    claims: [...oidc.requestParamClaims].filter((claim) => !UNASKED.has(claim)),
    resources: Object.fromEntries(
      Object.entries(oidc.resourceServers ?? {}).map(([identifier, { scopes }]) => [
        identifier,
        [...oidc.requestParamScopes].filter((scope) => scopes.has(scope)),
      ]),
    ),
  };
}
