// The pages of the demo's apps and inbox, in the look of the product's own. Their words stand in the templates: they explain
// tokens to developers, and are in English only.

import { fileURLToPath } from 'node:url';

import { Eta } from 'eta';
import type { Context } from 'koa';

import { brandStyle } from '../http/branding.ts';
import type { InboxMessage } from './inbox.ts';
import type { Notice } from './relying-party/sessions.ts';
import type { TokenView } from './relying-party/token-view.ts';

export interface DemoApp {
  name: string;
  /** Below which all its addresses are: `/acme/orders`. */
  path: string;
  tenant: string;
  issuer: string;
}

interface DemoTenant {
  name: string;
  issuer: string;
  apps: readonly { name: string; path: string; signedIn: boolean }[];
}

interface AppPage {
  app: DemoApp;
  notice: Notice | undefined;
}

interface Pages {
  start: { tenants: readonly DemoTenant[]; inbox: boolean };
  'signed-out': AppPage;
  'signed-in': AppPage & { csrf: string; endSession: string | undefined; view: TokenView };
  problem: { title: string; text: string };
  /** `live`: it looks for more by itself. */
  inbox: { messages: readonly InboxMessage[]; live: boolean };
}

export interface DemoPages {
  send<N extends keyof Pages>(ctx: Context, name: N, data: Pages[N]): void;
}

const COLOUR = '#3b5d50';

/** `assetUrl` gives the URL of a style sheet or script; http/security-headers.ts must have run. */
export function createDemoPages(assetUrl: (name: string) => string): DemoPages {
  const views = fileURLToPath(new URL('../../views/demo', import.meta.url));
  const eta = new Eta({ views, cache: true, functionHeader: 'const { data } = it;' });
  const style = brandStyle(COLOUR);
  return {
    send(ctx, name, data) {
      const nonce: unknown = ctx.state.cspNonce;
      ctx.type = 'html';
      ctx.body = eta.render(name, { data, assetUrl, style, nonce });
    },
  };
}
