// What an application asks to learn how it comes by tokens for the admin API (RFC 9728).

import { Router } from '@koa/router';
import type { Next } from 'koa';

import { hostOf } from '../../http/public-host.ts';
import { RESOURCE_METADATA_PATH, resourceMetadata } from '../authentication/resource.ts';

type Routed = Parameters<ReturnType<Router['routes']>>[0];

/** Answers the metadata on the public host. */
export function resourceRoutes(publicUrl: string): (ctx: Routed, next: Next) => Promise<unknown> {
  const router = new Router({ strict: true, sensitive: true });
  router.get(RESOURCE_METADATA_PATH, (ctx) => {
    ctx.body = resourceMetadata(publicUrl);
  });
  const answer = router.routes();
  const publicHost = new URL(publicUrl).host;
  return (ctx, next) => (hostOf(ctx) === publicHost ? answer(ctx, next) : next());
}
