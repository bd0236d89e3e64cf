// The client that every tenant has: its own account pages. They are served by the issuer itself and read its session, so all
// they ask for is that there be one: `response_type=none` (OAuth 2.0 Multiple Response Type Encoding Practices 4) gives neither
// a code nor a token, and the client has no secret to lose and no grant to use.

/** No other client may have this name. */
export const ACCOUNT_CLIENT = 'account';

/** As the protocol library takes it. */
export function accountClient(issuer: string) {
  return {
    client_id: ACCOUNT_CLIENT,
    redirect_uris: [`${issuer}/account`],
    response_types: ['none' as const],
    grant_types: [],
    token_endpoint_auth_method: 'none' as const,
    firstParty: true,
    requirePkce: false,
  };
}
