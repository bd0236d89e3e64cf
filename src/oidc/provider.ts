// One tenant's OpenID provider: the library, configured. The protocol work is the library's; what it asks back, the files
// beside this one answer.

import Provider, { errors } from 'oidc-provider';
import type { JWK } from 'jose';
import type { Client, Configuration, KoaContextWithOIDC, ResourceServer } from 'oidc-provider';

import { ADMIN_TOKEN_ALG, ADMIN_TOKEN_LIFE } from '../admin/authentication/resource.ts';
import { OWN_CLIENT_METADATA } from '../clients/client-metadata.ts';
import { CLAIMS_BY_SCOPE, SCOPES } from '../clients/scopes.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { inLanguage, uiLocalesOf } from '../http/language-picker.ts';
import { interactionPath } from '../login/interaction-path.ts';
import { LEVELS } from '../policy/levels.ts';
import { createCookieSignatures } from '../security/cookie-signatures.ts';
import { derivedSecrets } from '../security/derived-secrets.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { createAccessTokenClaims } from './access-token-claims.ts';
import type { AccessTokenClaimDeps } from './access-token-claims.ts';
import { createFindAccount } from './account.ts';
import { CLOCK_TOLERANCE, INTERACTION_LIFE } from './artifacts-ephemeral.ts';
import { createArtifacts } from './artifacts.ts';
import type { ArtifactDeps } from './artifacts.ts';
import { REGISTERED_SCOPE, askableBy } from './client-scope.ts';
import { OTHER_SECRETS } from './client-secrets.ts';
import { clientSettings } from './client-settings.ts';
import { createLoadExistingGrant } from './grants.ts';
import type { GrantDeps } from './grants.ts';
import { overrideProvider } from './overrides.ts';
import { createPrompts } from './prompts.ts';

export interface ProviderPages {
  error(ctx: KoaContextWithOIDC, protocolCode: string, error: Error): Promise<void>;
  /** Asks whether to sign out; `confirmed` when the application's hint shows that it is this very session it speaks of. */
  confirmLogout(ctx: KoaContextWithOIDC, form: { action: string; xsrf: string }, confirmed: boolean): Promise<void>;
  loggedOut(ctx: KoaContextWithOIDC): void;
}

export interface ProviderDeps extends ArtifactDeps, AccessTokenClaimDeps, Omit<GrantDeps, 'tenantId' | 'sessions'> {
  store: EphemeralStore;
  /** Fetches what a client's registration points to (guarded-fetch.ts). */
  guardedFetch: typeof fetch;
  pages: ProviderPages;
  /** That the pages are there in, by RFC 5646. */
  languages: readonly string[];
}

const MINUTE = 60;

export function createProvider(tenant: Tenant, issuer: string, keys: readonly JWK[], deps: ProviderDeps): Provider {
  const provider = new Provider(issuer, {
    ...protocol(tenant, issuer, deps),
    ...tokens(tenant, keys, deps),
    ...people(tenant, issuer, deps),
    adapter: createArtifacts(tenant, issuer, deps),
  });
  provider.proxy = true;
  overrideProvider(provider, tenant, deps.store);
  return provider;
}

/** What the endpoints speak. */
function protocol(tenant: Tenant, issuer: string, deps: ProviderDeps): Configuration {
  const { pages, languages } = deps;
  return {
    // `none` is for the account pages (clients/account-client.ts), which need no more than the session.
    responseTypes: ['code', 'none'],
    scopes: SCOPES,
    claims: CLAIMS_BY_SCOPE,
    acrValues: LEVELS,
    subjectTypes: ['public'],
    pkce: { required: (_ctx, client) => clientSettings(client).requirePkce },
    allowOmittingSingleRegisteredRedirectUri: false,
    // Off, or scope claims leave the ID token whenever an access token comes along, and many clients read nothing else.
    conformIdTokenClaims: false,
    clockTolerance: CLOCK_TOLERANCE,
    extraClientMetadata: { properties: [...OWN_CLIENT_METADATA, OTHER_SECRETS, REGISTERED_SCOPE] },
    discovery: {
      claim_types_supported: ['normal', 'distributed'],
      ui_locales_supported: languages,
    },
    cookies: cookies(tenant, issuer),
    fetch: deps.guardedFetch,
    renderError: (ctx, out, error) => pages.error(ctx, out.error, error),
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: derivedSecrets(tenant.secret).dpopNonceSecret },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      backchannelLogout: { enabled: true },
      introspection: { enabled: true, allowedPolicy: createIntrospectionPolicy(tenant, deps) },
      revocation: { enabled: true, allowedPolicy: mayRevoke },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx) => pages.confirmLogout(ctx, logoutForm(ctx), isOwnSession(ctx)),
        postLogoutSuccessSource: (ctx) => {
          pages.loggedOut(ctx);
        },
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, identifier, client) =>
          identifier === deps.adminAudience ? adminApi(ctx, identifier, client) : resourceServer(tenant, identifier),
        defaultResource: (_ctx, client, oneOf) => defaultResource(clientSettings(client).defaultResource, oneOf),
        useGrantedResource: (ctx) =>
          Promise.resolve(
            ctx.oidc.client !== undefined && clientSettings(ctx.oidc.client).defaultResource !== undefined,
          ),
      },
    },
  };
}

/** What is issued, signed by whom, for how long (seconds). */
function tokens(tenant: Tenant, keys: readonly JWK[], deps: ProviderDeps): Configuration {
  const { settings } = tenant;
  const { accessToken, idToken, refreshToken } = settings.tokens;
  return {
    jwks: { keys: [...keys] },
    clientDefaults: { id_token_signed_response_alg: 'RS256' },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    ttl: {
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? accessToken,
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? accessToken,
      AuthorizationCode: MINUTE,
      IdToken: idToken,
      RefreshToken: refreshToken,
      Grant: refreshToken,
      Interaction: INTERACTION_LIFE,
      Session: settings.policy.sessionIdle,
    },
    extraTokenClaims: createAccessTokenClaims(tenant, deps),
    issueRefreshToken: (_ctx, client) => Promise.resolve(client.grantTypeAllowed('refresh_token')),
    rotateRefreshToken: createRotation(tenant, deps),
    // The grant is the family: with any of its tokens revoked, none of them is good any more (RFC 7009 2.1).
    revokeGrantPolicy: () => true,
    expiresWithSession: (ctx, token) =>
      Promise.resolve(
        !token.scopes.has('offline_access') &&
          !(ctx.oidc.client && clientSettings(ctx.oidc.client).refreshOutlivesSession),
      ),
  };
}

/** Asked at the end of every refresh that is granted: an application in use keeps its person's session in use. */
function createRotation({ id, settings: { policy } }: Tenant, { sessions }: ProviderDeps) {
  const limits = { idle: policy.sessionIdle, absolute: policy.sessionAbsolute };
  return async ({ oidc }: KoaContextWithOIDC): Promise<boolean> => {
    const token = oidc.entities.RefreshToken;
    if (token?.expiresWithSession && token.sessionUid !== undefined) {
      await sessions.touch(id, token.sessionUid, limits);
    }
    // RFC 9700 4.14.2: rotate what a thief could use as it is; FAPI 2.0 forbids it for what is bound to a key.
    return token?.isSenderConstrained() === false;
  };
}

/** Who signs in, and when they are asked. */
function people(tenant: Tenant, issuer: string, deps: ProviderDeps): Configuration {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  return {
    findAccount: createFindAccount(tenant, deps),
    loadExistingGrant: createLoadExistingGrant({ ...deps, tenantId: tenant.id }),
    interactions: {
      policy: createPrompts(tenant.settings.policy, deps.roles),
      // What is asked after a page of ours keeps the language that was picked there (login/interactions.ts).
      url: (ctx, { uid, params }) => {
        const path = base + interactionPath(uid, String(params.client_id));
        return ctx.oidc.route === 'resume' ? inLanguage(path, uiLocalesOf(ctx)) : path;
      },
    },
  };
}

/** Tenants on paths of one host must not see each other's cookies; the interaction's carry its uid in their path. */
function cookies(tenant: Tenant, issuer: string): Configuration['cookies'] {
  const { protocol, pathname } = new URL(issuer);
  const secure = protocol === 'https:';
  const name = (what: string) => `${secure ? '__Secure-' : ''}${tenant.slug}_${what}`;
  const attributes = { httpOnly: true, secure, sameSite: 'lax', signed: true, overwrite: true } as const;
  return {
    keys: createCookieSignatures(derivedSecrets(tenant.secret).cookieKey),
    names: { session: name('session'), interaction: name('interaction'), resume: name('resume') },
    long: { ...attributes, path: pathname },
    short: attributes,
  };
}

function resourceServer(tenant: Tenant, identifier: string): ResourceServer {
  const resource = tenant.settings.resources[identifier];
  if (!resource) throw new errors.InvalidTarget('this resource is not registered');
  return {
    audience: identifier,
    scope: resource.scopes.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: resource.accessToken ?? tenant.settings.tokens.accessToken,
    jwt: { sign: { alg: resource.alg } },
  };
}

/** Every issuer's, and the same at each of them, whatever the tenant sets. */
function adminApi({ oidc }: KoaContextWithOIDC, audience: string, client: Client): ResourceServer {
  const inOwnName = oidc.route === 'token' && oidc.params?.grant_type === 'client_credentials';
  const askable = askableBy(client, inOwnName);
  // Else it would get a token that no scope bounds.
  if (askable.length === 0) throw new errors.InvalidTarget('the scope of this client names nothing of the resource');
  return {
    audience,
    scope: askable.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: ADMIN_TOKEN_LIFE,
    jwt: { sign: { alg: ADMIN_TOKEN_ALG } },
  };
}

/** The client's own default, also to choose among several that were asked for. */
function defaultResource(own: string | undefined, oneOf: readonly string[] | undefined): string | string[] | undefined {
  if (!oneOf) return own;
  return own !== undefined && oneOf.includes(own) ? own : [...oneOf];
}

/** The library asks after the token and its grant alone; whether its person still stands is asked here. */
function createIntrospectionPolicy(tenant: Tenant, { standing }: Pick<ProviderDeps, 'standing'>) {
  return async (
    _ctx: KoaContextWithOIDC,
    client: Client,
    { clientId, accountId }: { clientId?: string | undefined; accountId?: string | undefined },
  ): Promise<boolean> => {
    const mayAsk =
      clientId === client.clientId || (client.clientAuthMethod !== 'none' && clientSettings(client).introspectsOthers);
    if (!mayAsk || accountId === undefined) return mayAsk;
    return (await standing.current(tenant, accountId)) !== undefined;
  };
}

/** A token of another client's is none of its business, and is not even said to exist (RFC 7009 2.1). */
function mayRevoke(_ctx: KoaContextWithOIDC, client: Client, token: { clientId?: string | undefined }): boolean {
  return token.clientId === client.clientId;
}

function logoutForm({ oidc }: KoaContextWithOIDC): { action: string; xsrf: string } {
  return { action: oidc.urlFor('end_session_confirm'), xsrf: String(oidc.session?.state?.secret) };
}

/** Only an application that was signed in to within this session has an ID token with its `sid`. */
function isOwnSession({ oidc: { session, entities, client } }: KoaContextWithOIDC): boolean {
  const hint = entities.IdTokenHint?.payload;
  if (!hint || !client || !session) return false;
  return hint.sid !== undefined && hint.sub === session.accountId && hint.sid === session.sidFor(client.clientId);
}
