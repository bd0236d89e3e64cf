// Style sheets, scripts and pictures of the pages: a fixed small set, read once, compressed once, cached for ever under a URL
// that changes with the content.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Context, Middleware } from 'koa';
import { AppError } from '../errors.ts';

const PREFIX = '/assets/';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface StaticFile {
  url: string;
  type: string;
  hash: string;
  bodies: { identity: Buffer; gzip: Buffer; br: Buffer };
}

export interface StaticFiles {
  /** The URL path of a file by its name: `app.css` is at `/assets/app.<hash>.css`. @throws Error for an unknown name. */
  assetUrl(name: string): string;
  /** Answers below `/assets/`; everything else goes on. */
  serve: Middleware;
}

/** Reads every style sheet, script and SVG of `folder`, which has no folders of its own. */
export async function loadStaticFiles(folder: string): Promise<StaticFiles> {
  const names = (await readdir(folder)).filter((name) => extname(name) in TYPES);
  const files = new Map(await Promise.all(names.map(async (name) => [name, await load(folder, name)] as const)));

  return {
    assetUrl(name) {
      const file = files.get(name);
      if (!file) throw new Error(`There is no static file ${name} in ${folder}.`);
      return file.url;
    },
    async serve(ctx, next) {
      const file = ctx.path.startsWith(PREFIX) ? files.get(nameFrom(ctx.path)) : undefined;
      if (file) answer(ctx, file);
      else await next();
    },
  };
}

async function load(folder: string, name: string): Promise<StaticFile> {
  const identity = await readFile(join(folder, name));
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  const extension = extname(name);
  return {
    url: `${PREFIX}${name.slice(0, -extension.length)}.${hash}${extension}`,
    type: TYPES[extension] ?? 'application/octet-stream',
    hash,
    bodies: { identity, gzip: await promisify(gzip)(identity), br: await promisify(brotliCompress)(identity) },
  };
}

function nameFrom(path: string): string {
  return path.slice(PREFIX.length).replace(/\.[0-9a-f]{16}(?=\.[a-z]+$)/, '');
}

function answer(ctx: Context, file: StaticFile): void {
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
    ctx.set('Allow', 'GET, HEAD');
    throw new AppError('method_not_allowed', 405, 'This address does not accept that method.');
  }
  const encoding = chooseEncoding(ctx);
  ctx.status = 200;
  ctx.type = file.type;
  ctx.vary('Accept-Encoding');
  ctx.etag = `${file.hash}-${encoding}`;
  // While versions run side by side, a page of the other one asks for its own hash: it gets this file, but keeps nothing.
  ctx.set('Cache-Control', ctx.path === file.url ? 'public, max-age=31536000, immutable' : 'no-store');
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  if (encoding !== 'identity') ctx.set('Content-Encoding', encoding);
  ctx.body = file.bodies[encoding];
}

/** The smallest that is accepted, asked for one by one: among equals, a list would be answered in the client's order. */
function chooseEncoding(ctx: Context): keyof StaticFile['bodies'] {
  if (ctx.acceptsEncodings('br')) return 'br';
  return ctx.acceptsEncodings('gzip') ? 'gzip' : 'identity';
}
