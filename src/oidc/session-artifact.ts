// The library's Session, one JSON object that it loads and saves whole, as our session's rows. What a request loaded is
// remembered, so that its save writes only what it changed: another request's sign-in, or a logout, is not undone.

import { isDeepStrictEqual } from 'node:util';

import { Provider } from 'oidc-provider';
import type { Adapter, AdapterPayload, KoaContextWithOIDC } from 'oidc-provider';

import { currentRequest } from '../http/request-context.ts';
import type { Proof } from '../policy/proof.ts';
import type { ClientAuthorization, Session, SessionChange, Sessions } from '../sessions/sessions.ts';

export interface SessionArtifactDeps {
  sessions: Sessions;
  tenantId: string;
  /** Seconds. */
  idle: number;
  absolute: number;
  ended(session: { uid: string; userId: string | undefined }): Promise<void>;
}

/** What each request read, and by which id, by its context. */
const loadedBy = new WeakMap<KoaContextWithOIDC, { session: Session; id: string }>();

export function createSessionArtifacts({ sessions, tenantId, idle, absolute, ended }: SessionArtifactDeps): Adapter {
  return {
    async find(id) {
      const session = await sessions.find(tenantId, id);
      const ctx = Provider.ctx;
      if (session && ctx) loadedBy.set(ctx, { session, id });
      return session && toPayload(session, id);
    },

    async findByUid(uid) {
      const session = await sessions.findByUid(tenantId, uid);
      return session && toPayload(session, undefined);
    },

    async upsert(id, payload) {
      const ctx = Provider.ctx;
      const change = changeOf(id, payload, ctx && loadedBy.get(ctx), signInProofs(ctx));
      if (!change || (await sessions.save(tenantId, { ...change, idle, absolute }))) return;
      // Another request came first with an id of its own. That one is the browser's: this request has nothing to say of it.
      if (change.formerId !== undefined && ctx?.oidc.session) ctx.oidc.session.jti = change.formerId;
    },

    /** The library destroys the old id when it rotates; with a row keyed by uid there is nothing to do then. */
    async destroy(id) {
      const ctx = Provider.ctx;
      if (rotatesAway(ctx, id)) return;
      // By uid where it is known: another request may have given the session another id meanwhile.
      const loaded = ctx && loadedBy.get(ctx);
      const { uid } = (loaded?.id === id ? loaded.session : await sessions.find(tenantId, id)) ?? {};
      const session = uid === undefined ? undefined : await sessions.end(tenantId, uid);
      if (session) await ended(session);
    },

    consume: () => Promise.resolve(),
    revokeByGrantId: () => Promise.resolve(),
    findByUserCode: () => Promise.resolve(undefined),
  };
}

function toPayload(session: Session, id: string | undefined): AdapterPayload {
  return {
    kind: 'Session',
    iat: session.createdAt,
    exp: session.expiresAt,
    ...(id === undefined ? {} : { jti: id }),
    uid: session.uid,
    accountId: session.userId,
    acr: session.acr,
    amr: session.amr,
    loginTs: session.authTime,
    // No lasting cookie: how long a session lives is decided on the server.
    transient: true,
    state: session.state,
    authorizations: structuredClone(session.authorizations),
  };
}

/** Undefined where there is nothing worth a row: nobody is signed in. */
function changeOf(
  id: string,
  payload: AdapterPayload,
  before: { session: Session; id: string } | undefined,
  proofs: readonly Proof[],
): Omit<SessionChange, 'idle' | 'absolute'> | undefined {
  const { uid, accountId, state } = payload;
  if (uid === undefined || accountId === undefined) return undefined;
  const known = before?.session.uid === uid ? before.session : undefined;
  const now = authorizationsOf(payload);
  const then = known?.authorizations ?? {};

  return {
    uid,
    id,
    formerId: known !== undefined && before?.id !== id ? before?.id : undefined,
    signIn: signInOf(payload, known, proofs),
    ...(isDeepStrictEqual(state, known?.state) ? {} : { state: { value: state } }),
    authorizations: Object.fromEntries(
      Object.entries(now).filter(([clientId, authorization]) => !isDeepStrictEqual(authorization, then[clientId])),
    ),
    removedClients: Object.keys(then).filter((clientId) => !(clientId in now)),
  };
}

/** Without members that are undefined, which would make each of them differ from what was loaded. */
function authorizationsOf({ authorizations = {} }: AdapterPayload): Record<string, ClientAuthorization> {
  return Object.fromEntries(
    Object.entries(authorizations).flatMap(([clientId, { sid, ...rest }]) =>
      sid === undefined ? [] : [[clientId, { sid, ...rest }]],
    ),
  );
}

function signInOf(
  payload: AdapterPayload,
  known: Session | undefined,
  proofs: readonly Proof[],
): SessionChange['signIn'] {
  const { accountId, acr, amr, loginTs } = payload;
  if (accountId === undefined) return undefined;
  if (known?.userId === accountId && known.acr === acr && known.authTime === loginTs) return undefined;
  const request = currentRequest();
  return {
    userId: accountId,
    acr,
    amr,
    authTime: loginTs,
    proofs,
    address: request?.address,
    userAgent: request?.userAgent,
  };
}

/** finish-login.ts sends the proofs along with the login's result. */
function signInProofs(ctx: KoaContextWithOIDC | undefined): readonly Proof[] {
  const proofs = ctx?.oidc.result?.login?.proofs;
  return Array.isArray(proofs) ? (proofs as Proof[]) : [];
}

function rotatesAway(ctx: KoaContextWithOIDC | undefined, id: string): boolean {
  const session: unknown = ctx?.oidc.session;
  return typeof session === 'object' && session !== null && 'oldId' in session && session.oldId === id;
}
