// What an app says to its OpenID Connect provider, through openid-client. Owns the protocol; who is signed in in which browser
// is sessions.ts's, and what a person sees of it token-view.ts's.

import * as oidc from 'openid-client';

import { isLoopback } from '../../loopback.ts';

export interface RegisteredApp {
  clientId: string;
  clientSecret: string;
  issuer: string;
  redirectUri: string;
  postLogoutRedirectUri: string;
}

/** What a sign-in is to prove beyond who it is: nothing, that it is not an old one, or a second factor. */
export type Wish = 'sign-in' | 'fresh' | 'step-up';

/** A sign-in on its way. It belongs to the browser that began it, and is good for one answer. */
export interface PendingSignIn {
  wish: Wish;
  state: string;
  nonce: string;
  codeVerifier: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

export interface Tokens {
  accessToken: string;
  tokenType: string;
  scope: string;
  expiresAt: Date | undefined;
  refreshToken: string | undefined;
  idToken: string;
  claims: oidc.IDToken;
}

export interface ProviderClient {
  /** Where to send the browser. */
  begin(wish: Wish): Promise<{ url: URL; pending: PendingSignIn }>;
  /** The tokens for the answer that the browser brought back to `callback`. */
  finish(callback: URL, pending: PendingSignIn): Promise<Tokens>;
  refresh(tokens: Tokens): Promise<Tokens>;
  userinfo(tokens: Tokens): Promise<oidc.UserInfoResponse>;
  /** Where to send the browser to sign out there as well; the ID token shows that it is we who ask. */
  signOut(tokens: Tokens): Promise<URL>;
  metadata(): Promise<Readonly<oidc.ServerMetadata>>;
}

const SCOPES = ['openid', 'profile', 'email', 'phone', 'groups', 'roles'];

const STRONG = 'mfa';

const PARAMETERS: Record<Wish, Record<string, string>> = {
  'sign-in': {},
  // `prompt=login` would do the same, but only with max_age can the answer be checked (OpenID Connect Core 3.1.2.1).
  fresh: { max_age: '0' },
  'step-up': { acr_values: STRONG },
};

/** Nothing is asked of the provider before the first sign-in, so that an app starts without it. */
export function createProviderClient(app: RegisteredApp): ProviderClient {
  let discovered: Promise<oidc.Configuration> | undefined;

  function configuration(): Promise<oidc.Configuration> {
    discovered ??= discover(app).catch((error: unknown) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  }

  return {
    async begin(wish) {
      const config = await configuration();
      const pending = {
        wish,
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        codeVerifier: oidc.randomPKCECodeVerifier(),
        startedAt: Date.now(),
      };
      const supported = config.serverMetadata().scopes_supported;
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: app.redirectUri,
        scope: SCOPES.filter((scope) => supported?.includes(scope) ?? true).join(' '),
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.codeVerifier),
        code_challenge_method: 'S256',
        ...PARAMETERS[wish],
      });
      return { url, pending };
    },

    async finish(callback, { wish, state, nonce, codeVerifier, startedAt }) {
      const response = await oidc.authorizationCodeGrant(await configuration(), callback, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        // Not 0: the password may have been typed a while before the second factor was found, but not before we asked.
        ...(wish === 'fresh' && { maxAge: Math.ceil((Date.now() - startedAt) / 1000) }),
      });
      const tokens = tokensFrom(response);
      // acr_values is a wish that a provider may leave unheard (OpenID Connect Core 3.1.2.1), so the answer is looked at.
      if (wish === 'step-up' && tokens.claims.acr !== STRONG) {
        throw new Error(`Asked for acr ${STRONG}, the provider answered with ${tokens.claims.acr ?? 'none'}`);
      }
      return tokens;
    },

    async refresh(tokens) {
      if (tokens.refreshToken === undefined) throw new Error('There is no refresh token');
      const response = await oidc.refreshTokenGrant(await configuration(), tokens.refreshToken);
      return tokensFrom(response, tokens);
    },

    async userinfo({ accessToken, claims }) {
      return oidc.fetchUserInfo(await configuration(), accessToken, claims.sub);
    },

    async signOut({ idToken }) {
      return oidc.buildEndSessionUrl(await configuration(), {
        id_token_hint: idToken,
        post_logout_redirect_uri: app.postLogoutRedirectUri,
      });
    },

    async metadata() {
      return (await configuration()).serverMetadata();
    },
  };
}

function discover({ issuer, clientId, clientSecret }: RegisteredApp): Promise<oidc.Configuration> {
  const server = new URL(issuer);
  const execute = [oidc.enableNonRepudiationChecks];
  // Plain http is for a provider on this machine only.
  if (isLoopback(server.hostname)) execute.push(oidc.allowInsecureRequests);
  return oidc.discovery(server, clientId, clientSecret, undefined, { execute, timeout: 10 });
}

type TokenResponse = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;

/** A refresh may leave out what has not changed (RFC 6749 6, OpenID Connect Core 12.2). */
function tokensFrom(response: TokenResponse, before?: Tokens): Tokens {
  const idToken = response.id_token ?? before?.idToken;
  const claims = response.claims() ?? before?.claims;
  if (idToken === undefined || claims === undefined) throw new Error('The provider sent no ID token');
  const seconds = response.expiresIn();
  return {
    accessToken: response.access_token,
    tokenType: response.token_type,
    scope: response.scope ?? before?.scope ?? '',
    expiresAt: seconds === undefined ? undefined : new Date(Date.now() + seconds * 1000),
    refreshToken: response.refresh_token ?? before?.refreshToken,
    idToken,
    claims,
  };
}
