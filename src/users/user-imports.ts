// What an import asks of storage: how far it has come, what a batch finds, and everything that it writes, in few statements.

import type { FactorId } from '../policy/factors.ts';
import type { UserProfile, UserStatus } from './users.ts';

export interface ImportRecord extends Counts {
  id: string;
  /** `failed`: it broke off, and can go on. */
  state: 'running' | 'done' | 'failed';
  /** The first one that is not applied yet. */
  nextRow: number;
  /** Of all rows before that. */
  digest: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface Counts {
  created: number;
  updated: number;
  unchanged: number;
  failed: number;
}

/** An account that lives here, as a batch finds it. `roles`: names of those given to the user itself; `groups`: ids, direct ones. */
export interface KnownAccount {
  id: string;
  name: string;
  userName: string;
  status: UserStatus;
  profile: UserProfile;
  passwordHash: string | null;
  roles: readonly string[];
  groups: readonly string[];
  factors: readonly FactorId[];
}

export type WrittenAccount = Pick<KnownAccount, 'id' | 'name' | 'userName' | 'status' | 'profile' | 'passwordHash'>;

export interface UserImports {
  begin(tenantId: string, importId: string): Promise<void>;
  find(tenantId: string, importId: string): Promise<ImportRecord | undefined>;
  /** Whether the import is at this row, and until the unit of work ends nobody else's. */
  takeTurn(tenantId: string, importId: string, nextRow: number): Promise<boolean>;
  advance(
    tenantId: string,
    importId: string,
    progress: Pick<ImportRecord, 'nextRow' | 'digest' | 'state'> & { counts: Counts },
  ): Promise<void>;
  /** By login names as they are compared; locked, until the unit of work ends, if told. */
  accountsOf(tenantId: string, names: readonly string[], how: { lock: boolean }): Promise<KnownAccount[]>;
  /** Which of the names, as they are compared, people of directories have. */
  ofDirectories(tenantId: string, names: readonly string[]): Promise<string[]>;
  /** Which of these are roles. */
  roleNames(tenantId: string, names: readonly string[]): Promise<string[]>;
  /** Groups that live here, by id or by name in lower case. */
  groupsNamed(tenantId: string, references: readonly string[]): Promise<{ id: string; name: string }[]>;
  /** Answers the ids of those that were made: another may have come first. */
  insert(tenantId: string, accounts: readonly WrittenAccount[]): Promise<string[]>;
  update(tenantId: string, accounts: readonly WrittenAccount[]): Promise<void>;
  giveRoles(tenantId: string, given: readonly { user: string; role: string }[]): Promise<void>;
  joinGroups(tenantId: string, joined: readonly { user: string; group: string }[]): Promise<void>;
}
