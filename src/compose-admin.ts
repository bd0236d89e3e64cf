// The management surface: its routes, each folder's own, and what runs them for a request or for the command line.

import { createChanges } from './admin/changes.ts';
import { createDispatch } from './admin/dispatch.ts';
import { createListQuery } from './admin/list-query.ts';
import type { AdminRoute } from './admin/route.ts';
import type { Base } from './compose-base.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import type { PageParts } from './compose-pages.ts';
import type { People } from './compose-people.ts';
import type { SecondFactors } from './compose-second-factors.ts';

export interface AdminParts {
  base: Base;
  pages: PageParts;
  people: People;
  delivery: DeliveryParts;
  factors: SecondFactors;
}

export type Administration = ReturnType<typeof composeAdmin>;

export function composeAdmin({ base, people, delivery, factors }: AdminParts) {
  const parts = { ...base, ...people, ...delivery, ...factors, changes: createChanges(base) };
  // One line for each file of routes.
  const routes: AdminRoute[] = [].map(() => parts as never);
  const { readListQuery, writeCursor } = createListQuery(base.encryption);
  return { routes, dispatch: createDispatch({ ...base, readListQuery, writeCursor }) };
}
