// Tokens as a person can read them: each claim with its value and what it is good for.

import { createHash } from 'node:crypto';

import { decodeJwt, decodeProtectedHeader } from 'jose';

import type { Tokens } from './client.ts';
import type { SignedIn } from './sessions.ts';

export interface Row {
  name: string;
  value: string;
  meaning: string;
}

export interface TokenView {
  who: string;
  idTokenHeader: readonly Row[];
  idTokenClaims: readonly Row[];
  /** Claims that the ID token refers to and that were fetched from there. */
  distributedClaims: readonly Row[];
  accessToken: { kind: string; rows: readonly Row[]; claims: readonly Row[] };
  refreshToken: { fingerprint: string; previous: string | undefined } | undefined;
  userinfo: { rows: readonly Row[]; problem: string | undefined };
}

const MEANINGS: Readonly<Record<string, string>> = {
  iss: 'Who says so: the issuer',
  sub: 'Whom it is about: an id that stays the same when the name or the e-mail address changes. Store this one',
  aud: 'Whom it is meant for: nobody else should accept it',
  azp: 'To whom it was given',
  client_id: 'The app that it was given to',
  exp: 'Not to be believed after',
  iat: 'Made at',
  nbf: 'Not to be believed before',
  jti: 'Id of this token',
  nonce: 'What the app sent along, so that no old answer can be passed off as this one',
  at_hash: 'Ties the ID token to the access token that came with it',
  auth_time: 'When the password was last proven; asking for max_age moves it',
  acr: 'How surely the person is who they say: sfa one factor, 2sv two steps, mfa two factors, phr phishing-resistant',
  amr: 'What was proven (RFC 8176): pwd a password, otp a one-time code, mfa more than one factor',
  sid: 'The session at the provider that the app belongs to; logout messages name it',
  tenant: 'The organisation',
  groups: 'Groups of the directory, nested ones included, as far as this app may see them',
  roles: 'Roles that the person, or a group of theirs, holds',
  scope: 'What it permits',
  scp: 'What it permits',
  name: 'For showing, not for recognising',
  preferred_username: 'The login name: may change',
  email: 'May change, and may be given to somebody else',
  _claim_names: 'Claims that were too large for the token, and where they are to be had',
  _claim_sources: 'The address of each, and the token to fetch it with (OpenID Connect Core 5.6.2)',
  alg: 'How it is signed',
  kid: 'With which of the keys at jwks_uri',
  typ: 'What kind of token it is',
};

const TIMES = new Set(['exp', 'iat', 'nbf', 'auth_time', 'updated_at']);

export function tokenView({ tokens, previousRefreshToken, distributed, userinfo }: SignedIn): TokenView {
  const { idToken, claims, refreshToken } = tokens;
  return {
    who: typeof claims.name === 'string' ? claims.name : claims.sub,
    idTokenHeader: rowsOf(decodeProtectedHeader(idToken)),
    idTokenClaims: rowsOf(claims),
    distributedClaims: rowsOf(distributed),
    accessToken: accessTokenView(tokens),
    refreshToken: refreshToken === undefined ? undefined : rotation(refreshToken, previousRefreshToken),
    userinfo: { rows: rowsOf(userinfo.claims), problem: userinfo.problem },
  };
}

function rowsOf(claims: object): Row[] {
  return Object.entries(claims).map(([name, value]) => ({
    name,
    value: readable(name, value),
    meaning: MEANINGS[name] ?? '',
  }));
}

function rotation(current: string, previous: string | undefined): TokenView['refreshToken'] {
  return { fingerprint: fingerprint(current), previous: previous === undefined ? undefined : fingerprint(previous) };
}

function accessTokenView({ accessToken, tokenType, scope, expiresAt }: Tokens): TokenView['accessToken'] {
  const claims = decoded(accessToken);
  const rows = [
    { name: 'type', value: tokenType, meaning: 'Whoever bears it may use it' },
    { name: 'scope', value: scope, meaning: 'What it permits' },
    { name: 'expires', value: expiresAt ? utc(expiresAt) : 'unknown', meaning: 'Refreshing brings a new one' },
  ];
  return {
    kind: claims ? 'JWT, which an API can check by itself (RFC 9068)' : 'opaque',
    rows,
    claims: rowsOf(claims ?? {}),
  };
}

function decoded(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

function readable(name: string, value: unknown): string {
  if (TIMES.has(name) && typeof value === 'number') return utc(new Date(value * 1000));
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ') || '(none)';
  return JSON.stringify(value, withoutTokens, 1);
}

/** The sources of distributed claims come with bearer tokens, which have no business on a page. */
function withoutTokens(key: string, value: unknown): unknown {
  return key === 'access_token' ? '…' : value;
}

function utc(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Enough to tell one token from another. */
function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 12);
}
