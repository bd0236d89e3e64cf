// Who calls the admin API: an access token of one of our own issuers, or an API key, becomes a Caller. What the caller may do is
// read anew at every request, so that whoever is disabled or loses a role has lost it at once.

import { API_KEY_PREFIX } from '../../api-keys/api-keys.ts';
import type { ApiKeys } from '../../api-keys/api-keys.ts';
import type { AccessToken, ReadAccessToken } from './access-token.ts';
import type { AuthScheme, Caller } from '../caller.ts';
import { notAccepted, unknownCaller } from './challenge.ts';
import type { ProofCheck } from './proof-of-possession.ts';
import type { TokenCaller } from './token-caller.ts';

/** What of a request says who sends it. */
export interface AdminRequest {
  authorization: string | undefined;
  /** The proof of possession (RFC 9449). */
  dpop: string | undefined;
  method: string;
  /** Absolute, without a query: RFC 9449's `htu`. */
  url: string;
  /** The network address it comes from. */
  address: string;
}

/** @throws Problem `unauthenticated`, which says no more than that. */
export type Authenticate = (request: AdminRequest) => Promise<Caller>;

export interface AuthenticateDeps {
  readAccessToken: ReadAccessToken;
  checkProof: ProofCheck;
  tokenCaller: TokenCaller;
  apiKeys: Pick<ApiKeys, 'authenticate'>;
}

/** `Bearer` or `DPoP`, and what they call a token68 (RFC 9110 11.2). */
const CREDENTIALS = /^(?<scheme>bearer|dpop) +(?<token>[A-Za-z0-9._~+/-]+=*) *$/i;

export function createAuthenticate(deps: AuthenticateDeps): Authenticate {
  const { readAccessToken, checkProof, tokenCaller, apiKeys } = deps;

  async function byToken(request: AdminRequest, scheme: AuthScheme, jwt: string): Promise<Caller> {
    const token = await readAccessToken(jwt);
    // What is bound to a key is no bearer token, and the other way round (RFC 9449 7.1, 7.2).
    if (!token || (token.thumbprint !== undefined) !== (scheme === 'DPoP')) throw notAccepted(scheme);
    if (token.thumbprint !== undefined && !(await checkProof(request, jwt, token.thumbprint))) {
      throw notAccepted(scheme, 'invalid_dpop_proof');
    }
    return whoHolds(token, scheme, jwt);
  }

  /** A proof of possession is of one request, and good once: who is asked for anew in the midst of it has given theirs. */
  async function whoHolds(token: AccessToken | undefined, scheme: AuthScheme, jwt: string): Promise<Caller> {
    const caller = token && (await tokenCaller(token));
    if (!caller) throw notAccepted(scheme);
    return { ...caller, scheme, renew: async () => whoHolds(await readAccessToken(jwt), scheme, jwt) };
  }

  async function byKey(key: string): Promise<Caller> {
    const found = await apiKeys.authenticate(key);
    if (!found) throw notAccepted('Bearer');
    const { id, tenant, permissions } = found;
    const may = { permissions: new Set(permissions), managedGroups: new Set<string>() };
    return { kind: 'api-key', id, tenant, ...may, renew: () => byKey(key) };
  }

  return async (request) => {
    if (request.authorization === undefined) throw unknownCaller();
    const { scheme, token } = CREDENTIALS.exec(request.authorization)?.groups ?? {};
    if (scheme === undefined || token === undefined) throw unknownCaller();
    if (scheme.toLowerCase() === 'dpop') return byToken(request, 'DPoP', token);
    return isApiKey(token) ? byKey(token) : byToken(request, 'Bearer', token);
  };
}

function isApiKey(token: string): boolean {
  return token.startsWith(API_KEY_PREFIX);
}
