// An app that signs people in with openid-client, as its guide says. Nobody runs at its addresses: a browser that is sent there
// stops, and the app reads where it was sent.

import * as oidc from 'openid-client';

import type { Page, UserAgent } from './browser-like-client.ts';
import { createUserAgent } from './browser-like-client.ts';
import { signIn } from './sign-in.ts';
import type { Person } from './sign-in.ts';

export const CALLBACK = 'https://app.example.com/callback';
export const SIGNED_OUT = 'https://app.example.com/signed-out';
export const SECRET = 'a secret of an app, for nothing but tests';

/** A client as the configuration declares it: the tenant's own, with a secret. */
export function registration(settings: object = {}): object {
  return {
    client_name: 'Orders',
    client_secret: SECRET,
    redirect_uris: [CALLBACK],
    post_logout_redirect_uris: [SIGNED_OUT],
    firstParty: true,
    ...settings,
  };
}

/** A sign-in that an app has begun. */
export interface SignInRequest {
  url: URL;
  checks: oidc.AuthorizationCodeGrantChecks;
}

/** Parameters of the request; undefined leaves one of the usual ones out. */
export type Wishes = Record<string, string | undefined>;

export type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;

export interface App {
  readonly config: oidc.Configuration;
  begin(wishes?: Wishes): Promise<SignInRequest>;
  /** Redeems the code that the browser was sent to the app with. */
  finish(request: SignInRequest, page: Page, parameters?: Record<string, string>): Promise<Tokens>;
  /** A whole sign-in: from the app, through whatever the pages ask for, back to the app. */
  signIn(person: Person, options?: { browser?: UserAgent; wishes?: Wishes }): Promise<SignedIn>;
  refresh(tokens: Tokens, parameters?: Record<string, string>): Promise<Tokens>;
  userinfo(tokens: Tokens): Promise<oidc.UserInfoResponse>;
}

export interface SignedIn {
  tokens: Tokens;
  claims: oidc.IDToken;
  browser: UserAgent;
  /** Where the browser was sent to. */
  page: Page;
}

export interface AppOptions {
  clientId?: string;
  metadata?: Partial<oidc.ClientMetadata>;
  authentication?: oidc.ClientAuth;
  /** What carries the app's own requests; the network unless told. */
  fetch?: oidc.CustomFetch;
}

/** The app knows the provider by its discovery document, and verifies the signature of every ID token. */
export async function createApp(issuer: string, options: AppOptions = {}): Promise<App> {
  const { clientId = 'orders', metadata = {}, authentication = oidc.ClientSecretBasic(SECRET) } = options;
  const config = await oidc.discovery(new URL(issuer), clientId, metadata, authentication, {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
    ...(options.fetch && { [oidc.customFetch]: options.fetch }),
  });

  async function begin(wishes: Wishes = {}): Promise<SignInRequest> {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const parameters: Wishes = {
      redirect_uri: CALLBACK,
      scope: 'openid',
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...wishes,
    };
    const sent = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) sent.set(name, value);
    const { state: expectedState, nonce: expectedNonce } = parameters;
    return {
      url: oidc.buildAuthorizationUrl(config, sent),
      checks: {
        pkceCodeVerifier,
        idTokenExpected: true,
        ...(expectedState !== undefined && { expectedState }),
        ...(expectedNonce !== undefined && { expectedNonce }),
      },
    };
  }

  async function finish(request: SignInRequest, page: Page, parameters?: Record<string, string>): Promise<Tokens> {
    return oidc.authorizationCodeGrant(config, sentTo(page), request.checks, parameters);
  }

  return {
    config,
    begin,
    finish,
    async signIn(person, { browser = createUserAgent(), wishes = {} } = {}) {
      const request = await begin(wishes);
      const page = await signIn(browser, await browser.get(request.url), person);
      const tokens = await finish(request, page);
      return { tokens, claims: claimsOf(tokens), browser, page };
    },
    refresh: (tokens, parameters) => oidc.refreshTokenGrant(config, tokens.refresh_token ?? '', parameters),
    userinfo: (tokens) => oidc.fetchUserInfo(config, tokens.access_token, oidc.skipSubjectCheck),
  };
}

/** The URL of the app that the browser was sent to. @throws Error with what the page says where it was sent nowhere. */
export function sentTo(page: Page): URL {
  if (page.location) return page.location;
  throw new Error(`${page.url.href} answered ${page.status} and led nowhere: ${page.document.structuredText}`);
}

/** What the provider answered to the app in place of a code. */
export function refusalIn(page: Page): string | null {
  const answer = sentTo(page).searchParams;
  return answer.has('code') ? 'a code' : answer.get('error');
}

export function claimsOf(tokens: Tokens): oidc.IDToken {
  const claims = tokens.claims();
  if (!claims) throw new Error('there is no ID token');
  return claims;
}

/** The OAuth error code with which a call to the provider was refused. @throws Error when it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError) return error.error;
    if (error instanceof oidc.WWWAuthenticateChallengeError) return error.cause[0]?.parameters.error ?? 'unauthorized';
    throw error;
  }
  throw new Error('it was not refused');
}

/** Whether the provider answered a call with an error of its own. Whatever else went wrong is no refusal. */
export async function isRefused(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    return error instanceof oidc.ResponseBodyError || error instanceof oidc.WWWAuthenticateChallengeError;
  }
}
