// What the buttons of one app do for the session of one browser. A refusal by the provider is thrown, by openid-client.

import type { ProviderClient, Tokens, Wish } from './client.ts';
import { fetchDistributedClaims } from './distributed-claims.ts';
import { problemFrom } from './problems.ts';
import type { Session, SignedIn, Userinfo } from './sessions.ts';

/** Each answers where the browser goes next, if not to the app's page. */
export interface AppActions {
  begin(session: Session, wish: Wish): Promise<string>;
  finish(session: Session, callback: URL): Promise<undefined>;
  refresh(session: Session): Promise<undefined>;
  askUserinfo(session: Session): Promise<undefined>;
  /** Here at once, and at the provider by way of the browser. */
  signOut(session: Session): Promise<string | undefined>;
}

/** Sign-ins that one browser may have under way. */
const MAX_PENDING = 20;

/** `path` names the app within a session. */
export function createAppActions(path: string, client: ProviderClient): AppActions {
  async function userinfoFor(tokens: Tokens): Promise<Userinfo> {
    try {
      return { claims: await client.userinfo(tokens), problem: undefined };
    } catch (error) {
      return { claims: {}, problem: problemFrom(error).text };
    }
  }

  async function describe(tokens: Tokens, previousRefreshToken?: string): Promise<SignedIn> {
    const userinfo = await userinfoFor(tokens);
    const distributed = await fetchDistributedClaims(tokens.claims, await client.metadata());
    return { tokens, previousRefreshToken, userinfo, distributed };
  }

  return {
    async begin({ pending }, wish) {
      const { url, ...request } = await client.begin(wish);
      const [oldest] = pending.keys();
      if (oldest !== undefined && pending.size >= MAX_PENDING) pending.delete(oldest);
      pending.set(request.pending.state, request.pending);
      return url.href;
    },

    async finish({ pending, signedIn }, callback) {
      const state = callback.searchParams.get('state') ?? '';
      const request = pending.get(state);
      pending.delete(state);
      if (!request) throw new Error('This answer belongs to no sign-in that began in this browser');
      signedIn.set(path, await describe(await client.finish(callback, request)));
    },

    async refresh({ signedIn, notices }) {
      const before = signedIn.get(path);
      if (!before) return;
      const tokens = await client.refresh(before.tokens);
      signedIn.set(path, await describe(tokens, before.tokens.refreshToken));
      notices.set(path, { kind: 'note', title: 'Refreshed', text: 'The access token is new. See when it expires.' });
    },

    async askUserinfo({ signedIn, notices }) {
      const before = signedIn.get(path);
      if (!before) return;
      signedIn.set(path, { ...before, userinfo: await userinfoFor(before.tokens) });
      notices.set(path, { kind: 'note', title: 'Asked again', text: 'The answer below is from just now.' });
    },

    async signOut({ signedIn }) {
      const before = signedIn.get(path);
      signedIn.delete(path);
      return before && (await client.signOut(before.tokens)).href;
    },
  };
}
