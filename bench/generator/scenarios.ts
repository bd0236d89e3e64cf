// What is measured: each scenario gets a place in the queue ready, outside the measurement, and answers the operation that it
// then repeats there.

import { createBrowser } from './browser.ts';
import type { Browser, Landing, Page } from './browser.ts';
import type { Crowd, Visitor } from './crowd.ts';
import type { HttpClient } from './http-client.ts';
import type { RelyingParty, Tokens } from './relying-party.ts';

export interface Place {
  send: HttpClient;
  origin: string;
  app: RelyingParty;
  /** Undefined where the target asks people for nothing. */
  crowd: Crowd | undefined;
}

export type Operation = () => Promise<void>;

export const SCENARIO_NAMES = ['login', 'sso', 'client-credentials', 'refresh', 'userinfo'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const SCENARIOS: Record<ScenarioName, (place: Place) => Promise<Operation>> = {
  login: async (place) => async () => {
    await signIn(place);
  },

  sso: async (place) => {
    const { browser } = await signIn(place);
    return async () => {
      const request = place.app.begin();
      await request.redeem(appIn(await browser.visit(request.url)));
    };
  },

  'client-credentials':
    async ({ app }) =>
    async () => {
      await app.clientCredentials();
    },

  refresh: async (place) => {
    let { tokens } = await signIn(place);
    return async () => {
      tokens = await place.app.refresh(tokens.refresh_token ?? '');
    };
  },

  userinfo: async (place) => {
    const { tokens } = await signIn(place);
    return () => place.app.userinfo(tokens.access_token);
  },
};

/** Somebody comes with a browser that was never here, and leaves with tokens for the app. */
async function signIn({ send, origin, app, crowd }: Place): Promise<{ browser: Browser; tokens: Tokens }> {
  const visitor = crowd?.next();
  const browser = createBrowser(send, origin, visitor?.address ?? '10.0.0.1');
  const request = app.begin();
  const landing = await browser.visit(request.url);
  const end = visitor ? await passBothDoors(browser, landing, visitor) : landing;
  return { browser, tokens: await request.redeem(appIn(end)) };
}

async function passBothDoors(browser: Browser, start: Landing, visitor: Visitor): Promise<Landing> {
  const { username, password } = visitor;
  const first = await browser.submit(pageIn(start), 'password', { username, password });
  return browser.submit(pageIn(first), 'code', { code: visitor.code() });
}

function pageIn(landing: Landing): Page {
  if ('page' in landing) return landing.page;
  throw new Error(`a page was expected, and the browser was sent to ${landing.app.href}`);
}

function appIn(landing: Landing): URL {
  if ('app' in landing) return landing.app;
  throw new Error(`${landing.page.url.pathname} showed a page instead of leading to the app`);
}
