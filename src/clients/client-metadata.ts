// A relying party's registration: RFC 7591 names for what the protocol knows, and a few of our own for what a token carries.

import { z } from 'zod';

import { LEVELS } from '../policy/levels.ts';
import { whom } from '../policy/whom.ts';
import { lifetime } from '../duration.ts';

/** Of a list, of a URL's characters, and of all of it as JSON: every list of clients, and every cache, holds many of them. */
const MOST = { members: 100, url: 2000, scope: 4000, bytes: 64 * 1024 };

/** What only a private or a secret key has (RFC 7518 6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Schemes that a browser runs or opens here, instead of leaving for an app. */
const NO_APPS = ['javascript:', 'data:', 'vbscript:', 'file:'];

const redirectUri = z
  .string()
  .max(MOST.url)
  .refine((uri) => URL.canParse(uri) && !uri.includes('#'), 'give an absolute URL without a fragment')
  .refine(
    (uri) => !NO_APPS.includes(URL.parse(uri)?.protocol ?? ''),
    'give an https:// URL, or the scheme of an app on a phone',
  );

const redirectUris = z.array(redirectUri).max(MOST.members).default([]);
const webUrl = z.url({ protocol: /^https?$/ }).max(MOST.url);

const publicKey = z
  .record(z.string(), z.unknown())
  .refine((key) => !PRIVATE_MEMBERS.some((member) => Object.hasOwn(key, member)), 'give the public key alone');

/** Our additions, as camelCase names among RFC 7591's snake_case. */
const ours = {
  firstParty: z.boolean().default(false).describe('Belongs to the tenant itself: people are not asked for consent'),
  requirePkce: z.boolean().default(true).describe('S256 PKCE; to be turned off only for a client that cannot do it'),
  refreshOutlivesSession: z.boolean().default(false).describe('Refresh tokens go on after the person signed out here'),
  defaultResource: z
    .url()
    .max(MOST.url)
    .optional()
    .describe('The API that its access tokens are for when it does not say (RFC 8707)'),
  minimumAcr: z.enum(LEVELS).optional().describe('The least that is asked of anybody who signs in to it'),
  allow: whom.optional().describe('Who may sign in to it; everybody if left out'),
  secondFactorFreshness: lifetime
    .optional()
    .describe('It asks for the second factor again after so long, if that is sooner than the tenant does'),
  introspectsOthers: z.boolean().default(false).describe("An API that may ask about other clients' tokens (RFC 7662)"),
  roles: z
    .array(z.string())
    .max(MOST.members)
    .default([])
    .describe('Roles that the client itself holds, for client credentials'),
  groups: z
    .strictObject({
      form: z.enum(['name', 'dn', 'id']).default('name').describe('How the groups claim names a group'),
      only: z
        .array(z.string().min(1))
        .max(MOST.members)
        .optional()
        .describe('Only these groups: names, or prefixes that end in *. All of them if left out'),
    })
    .prefault({}),
};

export const clientMetadata = z
  .strictObject({
    client_name: z.string().min(1).max(100).optional(),
    client_uri: webUrl.optional(),
    initiate_login_uri: z
      .url({ protocol: /^https$/ })
      .max(MOST.url)
      .optional(),
    application_type: z.enum(['web', 'native']).default('web'),
    redirect_uris: redirectUris,
    post_logout_redirect_uris: redirectUris,
    grant_types: z
      .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials']))
      .max(MOST.members)
      .default(['authorization_code', 'refresh_token']),
    token_endpoint_auth_method: z
      .enum(['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'])
      .default('client_secret_basic'),
    jwks: z.strictObject({ keys: z.array(publicKey).min(1).max(MOST.members) }).optional(),
    scope: z
      .string()
      .max(MOST.scope)
      .optional()
      .describe("The scopes it may ask for; all of them but the admin API's if left out"),
    id_token_signed_response_alg: z.enum(['RS256', 'ES256']).default('RS256'),
    default_max_age: z.int().nonnegative().optional(),
    require_auth_time: z.boolean().optional(),
    backchannel_logout_uri: webUrl.optional(),
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
  })
  .refine(
    (client) => Buffer.byteLength(JSON.stringify(client)) <= MOST.bytes,
    'is over 64 KiB in all: leave some of it out',
  );

export type ClientMetadata = z.infer<typeof clientMetadata>;

/** Our additions alone, as the protocol library carries them through. */
export const ownClientMetadata = z.object(ours);
export type OwnClientMetadata = z.infer<typeof ownClientMetadata>;
export const OWN_CLIENT_METADATA = Object.keys(ours);

/** Where a person starts the app: what begins a login (OpenID Connect Core 4), else its home page. */
export function startOf({ initiate_login_uri: begin, client_uri: home }: Partial<ClientMetadata>): string | undefined {
  return begin ?? home;
}
