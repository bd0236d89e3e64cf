// What people see: templates, words, files.

import { fileURLToPath } from 'node:url';

import { createMessages } from './http/messages.ts';
import { createRenderer } from './http/render.ts';
import { createPageSender } from './http/send-page.ts';
import { loadStaticFiles } from './http/static-files.ts';
import { siteOf } from './http/tenant-context.ts';
import type { Tenant } from './tenants/tenants.ts';

const VIEWS = fileURLToPath(new URL('../views', import.meta.url));

export type PageParts = Awaited<ReturnType<typeof composePages>>;

export async function composePages() {
  const staticFiles = await loadStaticFiles(`${VIEWS}/assets`);
  const messages = createMessages(`${VIEWS}/messages`);
  const renderer = createRenderer({ viewsFolder: VIEWS, messages, assetUrl: staticFiles.assetUrl });
  const sender = createPageSender({ renderer, messages, tenantOf: (ctx) => lookOf(siteOf(ctx)?.tenant) });
  return { staticFiles, messages, renderer, sender };
}

/** A tenant as its pages and messages show it. */
export function lookOf(tenant: Tenant | undefined) {
  if (!tenant) return undefined;
  const { branding, homeUrl, language } = tenant.settings;
  return { name: tenant.name, branding, homeUrl, language };
}
