// What a person allowed a client, kept so that the next Grant does not ask again.

/** What a client may see and do in a person's name: scopes, single claims, and scopes by resource. */
export interface Access {
  scopes: readonly string[];
  claims: readonly string[];
  resources: Readonly<Record<string, readonly string[]>>;
}

export interface Consents {
  find(tenantId: string, userId: string, clientId: string): Promise<Access | undefined>;
  /** Adds to what was allowed before. */
  add(tenantId: string, userId: string, clientId: string, allowed: Access): Promise<void>;
}
