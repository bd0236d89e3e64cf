// Browsers that a person trusts: a mark that spares the second factor there for as long as the tenant says. It stands in for
// what the tenant's policy asks, and for nothing else: the `acr` stays what was proven.

/** Every method means one user of one tenant. */
export interface TrustedDevices {
  /** Trusts a browser from now on; the mark is for its cookie, and is kept here as a hash. */
  trust(
    tenantId: string,
    userId: string,
    device: { name: string; address: string; days: number },
  ): Promise<{ id: string; mark: string }>;
  /** The device that the mark belongs to, while it is trusted; sets when it was last used. */
  recognise(tenantId: string, userId: string, mark: string): Promise<TrustedDevice | undefined>;
  /** The last used first. */
  list(tenantId: string, userId: string): Promise<TrustedDevice[]>;
  remove(tenantId: string, userId: string, id: string): Promise<boolean>;
  /**
   * After a change of the password in a directory, at a time by its clock: none stays that may be older. Answers how many there
   * were.
   */
  removeOlder(tenantId: string, userId: string, passwordChangedAt: Date): Promise<number>;
  /** After a change of a factor or of a password kept here. Answers how many there were. */
  removeAll(tenantId: string, userId: string): Promise<number>;
}

export interface TrustedDevice {
  id: string;
  /** The browser as far as it was known: `Firefox on Linux`. */
  name: string;
  address: string;
  createdAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
}
