// An app that lets people sign in, and a machine that asks for tokens of its own.

import { createHash, randomBytes } from 'node:crypto';

import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { z } from 'zod';

import { REDIRECT_URI, RESOURCE, SCOPE } from '../target.ts';
import type { Client, Target } from '../target.ts';
import type { Answer, HttpClient } from './http-client.ts';

const tokenResponse = z.object({
  access_token: z.string(),
  id_token: z.string().optional(),
  refresh_token: z.string().optional(),
});
export type Tokens = z.infer<typeof tokenResponse>;

export interface SignInRequest {
  url: URL;
  /** Redeems the code that the app was sent (RFC 6749 4.1.3, RFC 7636 4.5). */
  redeem(callback: URL): Promise<Tokens>;
}

export interface RelyingParty {
  begin(): SignInRequest;
  refresh(token: string): Promise<Tokens>;
  clientCredentials(): Promise<Tokens>;
  userinfo(accessToken: string): Promise<void>;
}

const metadata = z.object({
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  userinfo_endpoint: z.url(),
  jwks_uri: z.url(),
});
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** Of the app's own server. */
const ADDRESS = '198.51.100.1';

/** One ID token of so many is verified: each would make the generator, not the server, the thing that is measured. */
const VERIFIED_EVERY = 100;

export async function createRelyingParty({ issuer, clients }: Target, send: HttpClient): Promise<RelyingParty> {
  const fetchJson = async (url: string) => json(await send({ method: 'GET', url: new URL(url), address: ADDRESS }));
  const endpoints = metadata.parse(await fetchJson(`${issuer}/.well-known/openid-configuration`));
  const keys = createLocalJWKSet(keySet.parse(await fetchJson(endpoints.jwks_uri)));
  const tokenEndpoint = new URL(endpoints.token_endpoint);
  const userinfoEndpoint = new URL(endpoints.userinfo_endpoint);
  let signIns = 0;

  async function ask(client: Client, parameters: Record<string, string>): Promise<Tokens> {
    const headers = { authorization: basic(client) };
    const body = new URLSearchParams(parameters);
    return tokenResponse.parse(
      json(await send({ method: 'POST', url: tokenEndpoint, headers, body, address: ADDRESS })),
    );
  }

  function begin(): SignInRequest {
    const [state, nonce, verifier] = [random(), random(), random()];
    const url = new URL(endpoints.authorization_endpoint);
    url.search = new URLSearchParams({
      client_id: clients.web.id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: SCOPE,
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString();

    async function redeem(callback: URL): Promise<Tokens> {
      const { code, state: returned, error } = Object.fromEntries(callback.searchParams);
      if (code === undefined || returned !== state) throw new Error(`the app was told ${error ?? 'another state'}`);
      const grant = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
      const tokens = await ask(clients.web, grant);
      if (signIns++ % VERIFIED_EVERY === 0) await verifyIdToken(tokens, keys, issuer, clients.web.id, nonce);
      return tokens;
    }
    return { url, redeem };
  }

  return {
    begin,
    refresh: (token) => ask(clients.web, { grant_type: 'refresh_token', refresh_token: token }),
    clientCredentials: () => ask(clients.machine, { grant_type: 'client_credentials', resource: RESOURCE }),
    async userinfo(accessToken) {
      const headers = { authorization: `Bearer ${accessToken}` };
      json(await send({ method: 'GET', url: userinfoEndpoint, headers, address: ADDRESS }));
    },
  };
}

async function verifyIdToken(
  { id_token: idToken = '' }: Tokens,
  keys: JWTVerifyGetKey,
  issuer: string,
  audience: string,
  nonce: string,
): Promise<void> {
  const { payload } = await jwtVerify(idToken, keys, { issuer, audience, algorithms: ['ES256'] });
  if (payload.nonce !== nonce) throw new Error('an ID token has the nonce of another request');
}

function json({ status, body }: Answer): unknown {
  if (status !== 200) throw new Error(`the token, userinfo or metadata endpoint answered ${status}: ${body}`);
  return JSON.parse(body);
}

/** RFC 6749 2.3.1. */
function basic({ id, secret }: Client): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}

function random(): string {
  return randomBytes(32).toString('base64url');
}
