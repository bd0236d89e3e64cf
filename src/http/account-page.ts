// What the page of an account shows (pages.ts).

import type { FactorId } from '../policy/factors.ts';
import type { AccountProblem } from './form-problems.ts';

/** What somebody may just have done there. */
export const ACCOUNT_CHANGES = [
  'factor-added',
  'factor-renamed',
  'factor-removed',
  'recovery-codes-made',
  'device-removed',
  'devices-removed',
  'session-ended',
  'sessions-ended',
] as const;
export type AccountChange = (typeof ACCOUNT_CHANGES)[number];

export interface AccountPage {
  username: string;
  name: string;
  csrf: string;
  /** Something was just done. */
  done?: AccountChange | undefined;
  /** Why something was not. */
  problem?: AccountProblem | undefined;
  factors: readonly {
    factor: Exclude<FactorId, 'recovery-code'>;
    name?: string | undefined;
    target?: string | undefined;
    createdAt?: Date | undefined;
    lastUsedAt?: Date | undefined;
    /** Undefined for what the directory vouches for. */
    renameUrl?: string | undefined;
    /** Undefined for what cannot be removed. */
    removeUrl?: string | undefined;
  }[];
  /** Those that can be added. */
  add: readonly { factor: Exclude<FactorId, 'recovery-code'>; url: string }[];
  /** Undefined where the tenant does not allow them. */
  recoveryCodes?: { remaining: number; url: string } | undefined;
  /** Undefined where the tenant does not allow them. */
  devices?:
    | readonly {
        name: string;
        address: string;
        lastUsedAt: Date;
        expiresAt: Date;
        removeAction: string;
        isThis: boolean;
      }[]
    | undefined;
  removeDevicesUrl?: string | undefined;
  sessions: readonly {
    browser?: string | undefined;
    address?: string | undefined;
    signedInAt: Date;
    lastSeenAt: Date;
    apps: readonly string[];
    isThis: boolean;
    /** Undefined for this one. */
    endAction?: string | undefined;
  }[];
  endSessionsUrl?: string | undefined;
  signIns: readonly {
    at: Date;
    ok: boolean;
    app?: string | undefined;
    browser?: string | undefined;
    address?: string | undefined;
  }[];
  signOutUrl: string;
}
