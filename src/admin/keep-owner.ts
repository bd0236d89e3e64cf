// Somebody is left who may do everything: asked by whatever could take `owner`, by any way round, from the last who has it.

import type { Owners, Ownership } from '../roles/owners.ts';
import { lastOwner } from './problem.ts';

/**
 * Makes a change within the caller's unit of work, which a refusal ends. Of two that would each leave the other's owner, one is
 * refused: the owners are counted after the change, one unit of work after the other.
 *
 * @throws Problem `last-owner`
 */
export type KeepOwner = <T>(tenantId: string, change: () => Promise<T>) => Promise<T>;

/** A tenant whose owners come by a group of its directory alone keeps that; one that has others keeps one of these. */
const SAFETY: Record<Ownership, number> = { 'by-people': 2, 'by-directory': 1, 'by-nobody': 0 };

export function createKeepOwner(owners: Owners): KeepOwner {
  return async (tenantId, change) => {
    const before = await owners.now(tenantId);
    const changed = await change();
    if (before === 'by-nobody') return changed;
    await owners.lock(tenantId);
    if (SAFETY[await owners.now(tenantId)] >= SAFETY[before]) return changed;
    throw lastOwner();
  };
}
