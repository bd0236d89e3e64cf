// Who is signed in to which app, by browser. Kept in memory: a demo's sessions end with it.

import { randomBytes, timingSafeEqual } from 'node:crypto';

import type { Context } from 'koa';
import { LRUCache } from 'lru-cache';

import { AppError } from '../../errors.ts';
import type { PendingSignIn, Tokens } from './client.ts';

/** Something told once, on the next page. */
export interface Notice {
  kind: 'note' | 'problem';
  title: string;
  text: string;
}

/** The last answer of the userinfo endpoint, or why there was none: it refuses a token that is for some API. */
export interface Userinfo {
  claims: object;
  problem: string | undefined;
}

export interface SignedIn {
  tokens: Tokens;
  /** Before the last refresh. */
  previousRefreshToken: string | undefined;
  userinfo: Userinfo;
  /** Claims that the ID token only refers to. */
  distributed: Readonly<Record<string, unknown>>;
}

/** Of one browser. Apps are named by their paths. */
export interface Session {
  csrf: string;
  /** By `state`. */
  pending: Map<string, PendingSignIn>;
  signedIn: Map<string, SignedIn>;
  notices: Map<string, Notice>;
}

export interface Sessions {
  /** The browser's session; a new one when it has none. */
  of(ctx: Context): Session;
  /** The same session under a new id: one that somebody else may have planted is worth nothing after a sign-in. */
  renew(ctx: Context): void;
}

const MAX_SESSIONS = 1000;
const LIFE_MS = 8 * 60 * 60 * 1000;

/** Cookies do not tell ports apart, so `cookieName` must be this app's own among all that run on the host. */
export function createSessions(cookieName: string): Sessions {
  const sessions = new LRUCache<string, Session>({ max: MAX_SESSIONS, ttl: LIFE_MS, updateAgeOnGet: true });

  function keep(ctx: Context, session: Session): Session {
    const id = newSecret();
    sessions.set(id, session);
    ctx.cookies.set(cookieName, id, { signed: true, httpOnly: true, sameSite: 'lax', overwrite: true });
    return session;
  }

  return {
    of(ctx) {
      const session = sessions.get(ctx.cookies.get(cookieName, { signed: true }) ?? '');
      return session ?? keep(ctx, { csrf: newSecret(), pending: new Map(), signedIn: new Map(), notices: new Map() });
    },
    renew(ctx) {
      const id = ctx.cookies.get(cookieName, { signed: true }) ?? '';
      const session = sessions.get(id);
      if (!session) return;
      sessions.delete(id);
      keep(ctx, session);
    },
  };
}

/** @throws AppError `invalid_form` unless the form was made for this session. */
export function assertCsrf(session: Session, given = ''): void {
  const expected = Buffer.from(session.csrf);
  const actual = Buffer.from(given);
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) {
    throw new AppError('invalid_form', 403, 'This form is out of date. Go back, reload the page and try again.');
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
