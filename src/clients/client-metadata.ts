// A relying party's registration: RFC 7591 names for what the protocol knows, and a few of our own for what a token carries.

import { z } from 'zod';

import { LEVELS } from '../policy/levels.ts';
import { whom } from '../policy/whom.ts';
import { lifetime } from '../duration.ts';

/** Schemes that a browser runs or opens here, instead of leaving for an app. */
const NO_APPS = ['javascript:', 'data:', 'vbscript:', 'file:'];

const redirectUri = z
  .string()
  .refine((uri) => URL.canParse(uri) && !uri.includes('#'), 'give an absolute URL without a fragment')
  .refine(
    (uri) => !NO_APPS.includes(URL.parse(uri)?.protocol ?? ''),
    'give an https:// URL, or the scheme of an app on a phone',
  );

/** Our additions, as camelCase names among RFC 7591's snake_case. */
const ours = {
  firstParty: z.boolean().default(false).describe('Belongs to the tenant itself: people are not asked for consent'),
  requirePkce: z.boolean().default(true).describe('S256 PKCE; to be turned off only for a client that cannot do it'),
  refreshOutlivesSession: z.boolean().default(false).describe('Refresh tokens go on after the person signed out here'),
  defaultResource: z
    .url()
    .optional()
    .describe('The API that its access tokens are for when it does not say (RFC 8707)'),
  minimumAcr: z.enum(LEVELS).optional().describe('The least that is asked of anybody who signs in to it'),
  allow: whom.optional().describe('Who may sign in to it; everybody if left out'),
  secondFactorFreshness: lifetime
    .optional()
    .describe('It asks for the second factor again after so long, if that is sooner than the tenant does'),
  introspectsOthers: z.boolean().default(false).describe("An API that may ask about other clients' tokens (RFC 7662)"),
  roles: z.array(z.string()).default([]).describe('Roles that the client itself holds, for client credentials'),
  groups: z
    .strictObject({
      form: z.enum(['name', 'dn', 'id']).default('name').describe('How the groups claim names a group'),
      only: z
        .array(z.string().min(1))
        .optional()
        .describe('Only these groups: names, or prefixes that end in *. All of them if left out'),
    })
    .prefault({}),
};

export const clientMetadata = z
  .strictObject({
    client_name: z.string().min(1).max(100).optional(),
    client_uri: z.url({ protocol: /^https?$/ }).optional(),
    initiate_login_uri: z.url({ protocol: /^https$/ }).optional(),
    application_type: z.enum(['web', 'native']).default('web'),
    redirect_uris: z.array(redirectUri).default([]),
    post_logout_redirect_uris: z.array(redirectUri).default([]),
    grant_types: z
      .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials']))
      .default(['authorization_code', 'refresh_token']),
    token_endpoint_auth_method: z
      .enum(['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'])
      .default('client_secret_basic'),
    jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1) }).optional(),
    scope: z.string().optional().describe('The scopes it may ask for; all of them if left out'),
    id_token_signed_response_alg: z.enum(['RS256', 'ES256']).default('RS256'),
    default_max_age: z.int().nonnegative().optional(),
    require_auth_time: z.boolean().optional(),
    backchannel_logout_uri: z.url({ protocol: /^https?$/ }).optional(),
    backchannel_logout_session_required: z.boolean().optional(),
    ...ours,
  })
  .refine((client) => !client.grant_types.includes('authorization_code') || client.redirect_uris.length > 0, {
    path: ['redirect_uris'],
    message: 'a client of the authorization code flow needs at least one',
  })
  .refine((client) => client.token_endpoint_auth_method !== 'private_key_jwt' || client.jwks !== undefined, {
    path: ['jwks'],
    message: 'private_key_jwt needs the public keys',
  });

export type ClientMetadata = z.infer<typeof clientMetadata>;

/** Our additions alone, as the protocol library carries them through. */
export const ownClientMetadata = z.object(ours);
export type OwnClientMetadata = z.infer<typeof ownClientMetadata>;
export const OWN_CLIENT_METADATA = Object.keys(ours);

/** Where a person starts the app: what begins a login (OpenID Connect Core 4), else its home page. */
export function startOf({ initiate_login_uri: begin, client_uri: home }: Partial<ClientMetadata>): string | undefined {
  return begin ?? home;
}
