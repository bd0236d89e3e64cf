// How far a login has come. Kept on the server, keyed by tenant and interaction, written by compare-and-set: of two forms sent
// at once the second finds that the state has moved on. Nothing here makes a session; finish-login.ts does that, at the end.

import type { BindNotice } from '../directory/directory.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { inTurn } from '../ephemeral/in-turn.ts';
import type { FactorId } from '../policy/factors.ts';
import type { Proof } from '../policy/proof.ts';
import type { LoginResult } from './finish-login.ts';
import type { WhyChangePassword } from './next-step.ts';

export interface LoginState {
  /** Who it is; known once the first factor is proven, or from the session that steps up. */
  userId?: string;
  /** When `auth_time` is to be, in epoch seconds: the first factor's proof, here or in the session that steps up. */
  authTime?: number;
  /** The person's when the first factor was proven: once it has risen, nothing here counts (users/users.ts). */
  proofGeneration?: number;
  proofs: readonly Proof[];
  /** The proofs are those of the session that steps up. */
  inherited?: true;
  /** What the directory said of the password that was proven, for the person and the audit trail. */
  notice?: BindNotice;
  /** The person has seen it. */
  noticeSeen?: true;
  /** The password that was proven is to be changed: nothing but a new one, or another sign-in, takes this away. */
  passwordChange?: WhyChangePassword;
  /** Its end was begun, by one of however many came for it. */
  finishing?: true;
  /** The login has ended so; the browser is on its way back to the app. */
  finished?: LoginResult;
  /** What the person chose of the factors that would do: a factor, or one enrolment. */
  choice?: string;
  /** A factor was added in this login. */
  enrolled?: true;
  /** Factors that the person put off setting up. */
  postponed?: readonly FactorId[];
  /** The person wants this browser to be trusted. */
  trust?: true;
}

/** Their own change has outdated all proofs but those of this login; were there another change beside it, these as well. */
export function afterOwnChange({ proofGeneration }: LoginState): Pick<LoginState, 'proofGeneration'> {
  return proofGeneration === undefined ? {} : { proofGeneration: proofGeneration + 1 };
}

/** A state as it was read: `save` succeeds only while nobody else has saved since. */
export interface LoadedLogin {
  state: LoginState;
  save(next: LoginState): Promise<boolean>;
  /** Saves, to go on from there; undefined where somebody else came first. */
  advance(next: LoginState): Promise<LoadedLogin | undefined>;
}

export interface LoginStates {
  /** The state of an interaction, begun as `initial` when there is none yet. */
  load(tenantId: string, uid: string, initial: () => Promise<LoginState>): Promise<LoadedLogin>;
  /**
   * Answers one form of a login after the other: the second one of a double click finds what the first one did. `longest`: seconds
   * to wait for the one before, 3 unless told.
   */
  inTurn<T>(tenantId: string, uid: string, answer: () => Promise<T>, longest?: number): Promise<T>;
}

/** Seconds that a form waits for the one before it. After that the compare-and-set alone decides. */
const LONGEST_TURN = 3;

/** `ttl`: seconds that a login may take; the interaction's own life. */
export function createLoginStates(store: EphemeralStore, ttl: number): LoginStates {
  const keyOf = (tenantId: string, uid: string) => `login:${tenantId}:${uid}`;

  return {
    async load(tenantId, uid, initial) {
      const key = keyOf(tenantId, uid);
      let text = await store.get(key);
      if (text === undefined) {
        const begun = JSON.stringify(await initial());
        text = (await store.add(key, begun, ttl)) ? begun : ((await store.get(key)) ?? begun);
      }
      return loadedLogin(key, text);
    },

    inTurn: (tenantId, uid, answer, longest = LONGEST_TURN) =>
      inTurn(store, `login-turn:${tenantId}:${uid}`, longest, answer),
  };

  function loadedLogin(key: string, read: string): LoadedLogin {
    const save = (next: LoginState) => store.replace(key, read, JSON.stringify(next), ttl);
    return {
      state: JSON.parse(read) as LoginState,
      save,
      advance: async (next) => ((await save(next)) ? loadedLogin(key, JSON.stringify(next)) : undefined),
    };
  }
}
