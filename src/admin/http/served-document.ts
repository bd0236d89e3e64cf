// The OpenAPI document as it is served: made once, when somebody first asks for it.

import { sha256 } from '../../security/sha256.ts';
import type { ServedDocument } from './give.ts';
import type { AdminRoute } from '../route.ts';

export function createServedDocument(routes: readonly AdminRoute[], publicUrl: string): () => Promise<ServedDocument> {
  let made: Promise<ServedDocument> | undefined;
  return () => (made ??= make(routes, publicUrl));
}

async function make(routes: readonly AdminRoute[], publicUrl: string): Promise<ServedDocument> {
  const { openApiDocument } = await import('./openapi.ts');
  const json = JSON.stringify(openApiDocument(routes, publicUrl));
  return { json, etag: `"${sha256(json).slice(0, 27)}"` };
}
