import type { Core } from '../compose-core.ts';
import { complain, print } from './output.ts';

/** Relying parties refresh their copy of the keys well within this. Seconds. */
const PUBLISHED_FOR = 3600;

export async function rotateKeys(core: Core, slug: string, now: boolean): Promise<number> {
  const tenant = await core.tenants.bySlug(slug);
  if (!tenant) {
    complain(`There is no tenant ${slug}.`);
    return 1;
  }
  const rotated = await core.keys.rotate(tenant.id, { publishedFor: now ? 0 : PUBLISHED_FOR });
  if (!rotated.ok) {
    complain('The next key has not been published for an hour yet. Wait, or add --now when the current key is lost.');
    return 1;
  }
  print(`Tenant ${slug} signs with its next key; the one before stays published until its tokens have expired.`);
  return 0;
}
