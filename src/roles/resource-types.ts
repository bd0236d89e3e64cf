// What a tenant's own applications protect, and what may be done with it: so that a permission in a role is no typing error.

import type { ListFields, ListRequest, Page } from '../listing.ts';
import type { Outcome } from '../outcome.ts';

export interface ResourceType {
  id: string;
  /** As `invoice`; never one of the admin API's. */
  name: string;
  /** As `approve`. */
  actions: readonly string[];
  description: string | undefined;
  createdAt: Date;
  updatedAt: Date;
}

export type ResourceTypeSettings = Pick<ResourceType, 'actions' | 'description'>;

export const RESOURCE_TYPE_FIELDS = {
  id: { type: 'id' },
  name: { type: 'text', sortable: true, caseExact: true },
} as const satisfies ListFields;

export interface ResourceTypes {
  list(tenantId: string, request: ListRequest): Promise<Page<ResourceType>>;
  all(tenantId: string): Promise<ResourceType[]>;
  find(tenantId: string, name: string): Promise<ResourceType | undefined>;
  /** Until the unit of work ends nobody else changes one of this tenant's. */
  lock(tenantId: string): Promise<void>;
  create(tenantId: string, name: string, settings: ResourceTypeSettings): Promise<Outcome<ResourceType, 'taken'>>;
  change(tenantId: string, name: string, settings: ResourceTypeSettings): Promise<void>;
  remove(tenantId: string, name: string): Promise<void>;
}
