// Kinds of directories that people sign in from beside slapd, and what they do differently.

import type { Dialect } from '../contract/directory-dialects.ts';
import { activeDirectory, ds389 } from '../contract/directory-dialects.ts';
import type { TestDirectory } from '../support/directory-server.ts';
import { testDs389 } from '../support/ds389.ts';
import { testSamba } from '../support/samba.ts';

// So that they start beside the tests before.
void testSamba();
void testDs389();

export interface DirectoryKind {
  dialect: Dialect;
  start(): Promise<OtherDirectory>;
  /** Groups that everybody is in. */
  everybodys: readonly string[];
  disabled: { attribute: string; value: string };
  /** To the right password of somebody who is disabled: 389-ds says the same to a wrong one, so it tells nothing. */
  disabledStatus: number;
  /** Whether somebody whose password has expired may change it without a bind. */
  changesExpired: boolean;
}

export interface OtherDirectory extends TestDirectory {
  expirePassword(dn: string): Promise<void>;
  removeTree?(dn: string): Promise<void>;
}

export const OTHER_DIRECTORIES: Record<string, DirectoryKind> = {
  'Active Directory': {
    dialect: activeDirectory,
    start: testSamba,
    everybodys: ['Domain Users', 'Users'],
    disabled: { attribute: 'userAccountControl', value: '514' },
    disabledStatus: 403,
    changesExpired: true,
  },
  '389-ds': {
    dialect: ds389,
    start: testDs389,
    everybodys: [],
    disabled: { attribute: 'nsAccountLock', value: 'true' },
    disabledStatus: 401,
    changesExpired: false,
  },
};
