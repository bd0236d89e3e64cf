// A form of ours: sent from this site, by the browser that the page was for, with what the schema asks for.

import type { Context } from 'koa';
import type { z } from 'zod';

import { assertCsrf, assertSameOrigin } from '../security/browser-protection.ts';
import { readFormBody } from './body.ts';
import type { TenantSite } from './tenant-context.ts';
import { checkInput } from './validate.ts';

/** @param context what the form's token was made for. @throws AppError `forbidden_origin`, `invalid_form`. */
export async function readForm<S extends z.ZodType>(
  ctx: Context,
  { issuer, secrets }: TenantSite,
  context: string,
  schema: S,
): Promise<z.output<S>> {
  assertSameOrigin(ctx.req, new URL(issuer).origin);
  const { csrf = '', ...fields } = await readFormBody(ctx);
  assertCsrf(secrets.csrfKey, context, csrf);
  return checkInput(fields, schema);
}
