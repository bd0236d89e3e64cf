// What a browser sees of the admin API: its documentation, usable with a token, and a page for each problem. In English only.

import { fileURLToPath } from 'node:url';

import { Router } from '@koa/router';
import { Eta } from 'eta';
import type { Context, Next } from 'koa';

import { AppError } from '../../errors.ts';
import { brandStyle } from '../../http/branding.ts';
import { hostOf } from '../../http/public-host.ts';
import { createDocsFiles, uncompressed } from './docs-files.ts';
import type { DocsFile } from './docs-files.ts';
import { problemPages } from './problem-pages.ts';
import type { ProblemPageData } from './problem-pages.ts';

export interface DocsPagesDeps {
  /** An origin. */
  publicUrl: string;
  /** The URL of a file in views/assets. */
  assetUrl(name: string): string;
}

interface Pages {
  docs: { stylesheet: string; script: string; document: string };
  problem: { problem: ProblemPageData };
  problems: { problems: readonly ProblemPageData[] };
}

type Routed = Parameters<ReturnType<Router['routes']>>[0];

const COLOUR = '#3f4a5a';

/** Answers `/admin`, `/admin/docs` and `/admin/problems` on the public host. */
export function docsPages({ publicUrl, assetUrl }: DocsPagesDeps): (ctx: Routed, next: Next) => Promise<unknown> {
  const views = fileURLToPath(new URL('../../../views/admin', import.meta.url));
  const eta = new Eta({ views, cache: true, functionHeader: 'const { data } = it;' });
  const style = brandStyle(COLOUR);
  const files = createDocsFiles();
  const problems = problemPages();

  function send<N extends keyof Pages>(ctx: Context, name: N, data: Pages[N]): void {
    const nonce: unknown = ctx.state.cspNonce;
    ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
    ctx.type = 'html';
    ctx.body = eta.render(name, { data, assetUrl, style, nonce });
  }

  const router = new Router();
  router.get('/admin', (ctx) => {
    ctx.redirect('/admin/docs');
  });
  router.get('/admin/docs', async (ctx) => {
    const at = `/admin/docs/${await files.version()}`;
    const document = `${publicUrl}/admin/v1/openapi.json`;
    send(ctx, 'docs', { stylesheet: `${at}/swagger-ui.css`, script: `${at}/swagger-ui-bundle.js`, document });
  });
  router.get('/admin/docs/:version/:name', async (ctx) => {
    const { version, name = '' } = ctx.params;
    const file = version === (await files.version()) ? await files.file(name) : undefined;
    if (!file) throw notThere();
    await giveFile(ctx, file);
  });
  router.get('/admin/problems', (ctx) => {
    send(ctx, 'problems', { problems });
  });
  router.get('/admin/problems/:code', (ctx) => {
    const problem = problems.find(({ code }) => code === ctx.params.code);
    if (!problem) throw notThere();
    send(ctx, 'problem', { problem });
  });

  const answer = router.routes();
  const publicHost = new URL(publicUrl).host;
  return async (ctx, next) => (hostOf(ctx) === publicHost ? answer(ctx, next) : next());
}

async function giveFile(ctx: Context, file: DocsFile): Promise<void> {
  ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
  ctx.vary('Accept-Encoding');
  const isAccepted = ctx.acceptsEncodings('gzip') === 'gzip';
  if (isAccepted) ctx.set('Content-Encoding', 'gzip');
  ctx.set('Content-Type', file.type);
  ctx.body = isAccepted ? file.gzipped : await uncompressed(file);
}

function notThere(): AppError {
  return new AppError('not_found', 404, 'There is nothing at this address.');
}
