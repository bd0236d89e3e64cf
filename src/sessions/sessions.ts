// Single sign-on sessions: one row for each session, one for each client signed in within it. Saves carry what changed and
// nothing else, so that two requests of one session never undo each other; an ended session leaves a tombstone.

import type { Proof } from '../policy/proof.ts';

/** Times are seconds since the epoch. */
export interface Session {
  uid: string;
  userId: string | undefined;
  acr: string | undefined;
  amr: string[] | undefined;
  authTime: number | undefined;
  proofs: readonly Proof[];
  /** The person's, as this was read: of a session that goes on, what was proven counts. */
  proofGeneration: number | undefined;
  /** The protocol library's own, such as a logout under way. */
  state: Record<string, unknown> | undefined;
  authorizations: Record<string, ClientAuthorization>;
  createdAt: number;
  expiresAt: number;
}

export interface ClientAuthorization {
  /** The session's id as this client knows it (OpenID Connect Front-Channel Logout 3). */
  sid: string;
  grantId?: string | undefined;
  persistsLogout?: boolean | undefined;
}

/** A session as its owner may know it. */
export interface SessionOverview {
  uid: string;
  address: string | undefined;
  userAgent: string | undefined;
  signedInAt: Date;
  lastSeenAt: Date;
  /** Clients that are signed in within it. */
  clientIds: readonly string[];
}

/** Who signed in, or stepped up, and by what. */
export interface SignIn {
  userId: string;
  acr: string | undefined;
  amr: string[] | undefined;
  authTime: number | undefined;
  proofs: readonly Proof[];
  /** The person's when they were proven (users/users.ts). */
  proofGeneration: number | undefined;
  address: string | undefined;
  userAgent: string | undefined;
}

export interface SessionChange {
  uid: string;
  /** The id that the browser holds from now on. */
  id: string;
  /** The id that it gets `id` in place of; left out where it keeps its id. */
  formerId?: string | undefined;
  signIn: SignIn | undefined;
  /** As far as this request knows, which then removes no clients either: whether there is one is the store's to say. */
  isNew?: boolean;
  /** Present where it changed. */
  state?: { value: Record<string, unknown> | undefined };
  authorizations: Record<string, ClientAuthorization>;
  removedClients: readonly string[];
  /** Seconds without use after which it ends. */
  idle: number;
  /** Seconds from the sign-in after which it ends, used or not. */
  absolute: number;
}

export interface Sessions {
  /** By the bearer id in the cookie; nothing for one that ended or expired. */
  find(tenantId: string, id: string): Promise<Session | undefined>;
  findByUid(tenantId: string, uid: string): Promise<Session | undefined>;
  /**
   * Makes or changes a session; does nothing to one that has ended. A sign-in that is not of the person's current generation of
   * proofs, or of none, makes no session. Answers whether `id` is what it goes by now: of two
   * requests that each give it another id the first one does.
   */
  save(tenantId: string, change: SessionChange): Promise<boolean>;
  /**
   * The grant of a client in a session, decided once: of several requests that each made a grant instead of `replacing`,
   * all get the same one.
   */
  claimAuthorization(
    tenantId: string,
    uid: string,
    clientId: string,
    mine: { sid: string; grantId: string; replacing: string | undefined },
  ): Promise<ClientAuthorization>;
  /** Uses the session, on behalf of an application that refreshes its tokens. */
  touch(tenantId: string, uid: string, limits: { idle: number; absolute: number }): Promise<void>;
  /**
   * Ends all sessions of a user but one, as a change of password or factors asks for, with all that could go on without them:
   * logins under way, codes, refresh tokens. Answers the uids of those that ended.
   */
  endOthers(tenantId: string, userId: string, keptUid: string | undefined): Promise<string[]>;
  /** A user's sessions that have neither ended nor expired, the last seen first. */
  list(tenantId: string, userId: string): Promise<SessionOverview[]>;
  /**
   * Ends the sessions of a user that were spared a second factor by this trusted device, or by any, as `endOthers` does. The
   * present one goes on without that if a second factor was proven in it as well. Answers the uids of those that ended.
   */
  endTrusted(
    tenantId: string,
    userId: string,
    which: { device: string | undefined; presentUid: string },
  ): Promise<string[]>;
  /** Ends a session of this user, with its refresh tokens; false where they have no such one. */
  endOf(tenantId: string, userId: string, uid: string): Promise<boolean>;
  /** Ends it, and says whose it was; of several callers one is told. */
  end(tenantId: string, uid: string): Promise<{ uid: string; userId: string | undefined } | undefined>;
}
