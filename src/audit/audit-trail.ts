// Reading the audit trail. Who may read what of it is the caller's to know.

/** An attempt to sign in, to an app or to the account pages. */
export interface SignInAttempt {
  at: Date;
  succeeded: boolean;
  /** Known of those that succeeded. */
  clientId: string | undefined;
  address: string | undefined;
  userAgent: string | undefined;
}

/** Whose they are. */
export interface SignInPerson {
  userId: string;
  /** Of a directory's user: a failed sign-in names the entry, which may not be anybody's here yet. */
  entry: { directory: string; stableId: string } | undefined;
}

export interface AuditTrail {
  /** A person's last ones, the latest first. A failed one counts where what was typed names somebody. */
  signIns(tenantId: string, person: SignInPerson, limit: number): Promise<SignInAttempt[]>;
}
