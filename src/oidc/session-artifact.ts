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

type Request = KoaContextWithOIDC['oidc'];

/** By the login that has just ended; both undefined where none has. */
interface Proven {
  proofs: readonly Proof[] | undefined;
  proofGeneration: number | undefined;
}

/** What each request read, and by which id. */
const loadedBy = new WeakMap<Request, { session: Session; id: string }>();

/** What the person of this request has proven: in the login that has just ended, else in the session. */
export function proofsOf(oidc: Request): readonly Proof[] {
  const loaded = loadedBy.get(oidc)?.session;
  return provenIn(oidc).proofs ?? (loaded?.uid === oidc.session?.uid ? loaded?.proofs : undefined) ?? [];
}

/**
 * Whether this request brings a login whose proofs count no more. Nobody is signed in by that; a session that existed before goes
 * on. @param current the person's generation of proofs.
 */
export function dropOutdatedLogin(oidc: Request, current: number | undefined): boolean {
  if (!oidc.result?.login || provenIn(oidc).proofGeneration === current) return false;
  if (oidc.session && loadedBy.get(oidc)?.session.uid !== oidc.session.uid) delete oidc.session.accountId;
  return true;
}

export function createSessionArtifacts({ sessions, tenantId, idle, absolute, ended }: SessionArtifactDeps): Adapter {
  return {
    async find(id) {
      const session = await sessions.find(tenantId, id);
      const oidc = Provider.ctx?.oidc;
      if (session && oidc) loadedBy.set(oidc, { session, id });
      return session && toPayload(session, id);
    },

    async findByUid(uid) {
      const session = await sessions.findByUid(tenantId, uid);
      return session && toPayload(session, undefined);
    },

    async upsert(id, payload) {
      const oidc = Provider.ctx?.oidc;
      const change = changeOf(id, payload, oidc && loadedBy.get(oidc), provenIn(oidc));
      if (!change || (await sessions.save(tenantId, { ...change, idle, absolute }))) return;
      // Another request came first with an id of its own. That one is the browser's: this request has nothing to say of it.
      if (change.formerId !== undefined && oidc?.session) oidc.session.jti = change.formerId;
    },

    /** The library destroys the old id when it rotates; with a row keyed by uid there is nothing to do then. */
    async destroy(id) {
      const oidc = Provider.ctx?.oidc;
      if (rotatesAway(oidc, id)) return;
      // By uid where it is known: another request may have given the session another id meanwhile.
      const loaded = oidc && loadedBy.get(oidc);
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
  proven: Proven,
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
    signIn: signInOf(payload, known, proven),
    isNew: known === undefined,
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
  { proofs, proofGeneration }: Proven,
): SessionChange['signIn'] {
  const { accountId, acr, amr, loginTs } = payload;
  if (accountId === undefined) return undefined;
  const isKnown = known?.userId === accountId && known.acr === acr && known.authTime === loginTs;
  // The same factor proven afresh changes nothing but the proofs.
  if (isKnown && (proofs === undefined || isDeepStrictEqual(proofs, known.proofs))) return undefined;
  const request = currentRequest();
  return {
    userId: accountId,
    acr,
    amr,
    authTime: loginTs,
    proofs: proofs ?? [],
    proofGeneration,
    address: request?.address,
    userAgent: request?.userAgent,
  };
}

/** finish-login.ts sends the proofs along with the login's result. */
function provenIn(oidc: Request | undefined): Proven {
  const { proofs, proofGeneration }: Record<string, unknown> = oidc?.result?.login ?? {};
  return {
    proofs: Array.isArray(proofs) ? (proofs as Proof[]) : undefined,
    proofGeneration: typeof proofGeneration === 'number' ? proofGeneration : undefined,
  };
}

function rotatesAway(oidc: Request | undefined, id: string): boolean {
  const session: unknown = oidc?.session;
  return typeof session === 'object' && session !== null && 'oldId' in session && session.oldId === id;
}
