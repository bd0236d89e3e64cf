// Changing a password that the directory takes for nothing else any more, or that it warned about, within a login.

import type { ChangePassword, PasswordChangeRefusal } from '../first-factors/change-password.ts';
import type { NamedDirectory } from '../first-factors/first-factor.ts';
import { refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { afterOwnChange } from './login-state.ts';
import type { LoginState } from './login-state.ts';
import { saved } from './open-login.ts';
import type { Login, MovedOn } from './open-login.ts';

export interface PasswordChangeForm {
  current: string;
  next: string;
  address: string;
}

export interface PasswordChangeSteps {
  /** Whether the step `notice` offers it. */
  mayChangePassword(login: Login): boolean;
  /** Leads on from the step `notice` to changing the password now. */
  chooseToChangePassword(login: Login): Promise<Outcome<void, MovedOn>>;
  /** Answers the step `change-password`. */
  changePassword(
    login: Login,
    form: PasswordChangeForm,
  ): Promise<Outcome<void, PasswordChangeRefusal | MovedOn> | Blocked>;
}

export interface PasswordChangeDeps {
  directoriesOf(tenant: Tenant): readonly NamedDirectory[];
  changePassword: ChangePassword;
}

export function createPasswordChangeSteps({ directoriesOf, changePassword }: PasswordChangeDeps): PasswordChangeSteps {
  return {
    mayChangePassword,

    async chooseToChangePassword(login) {
      if (!mayChangePassword(login)) return refused('moved-on');
      return saved(login, { ...login.loaded.state, passwordChange: 'chosen' });
    },

    async changePassword(login, form) {
      const { request, loaded, user, step } = login;
      if (step.step !== 'change-password' || !user) return refused('moved-on');
      const { tenant, sessionUid } = request;
      const isTrusted = loaded.state.proofs.some(({ factor }) => factor === 'trusted-device');
      const changed = await changePassword({
        ...form,
        tenant,
        user,
        directories: directoriesOf(tenant),
        withSecondFactor: step.withSecondFactor,
        isTrusted: tenant.settings.policy.trustedDevices && isTrusted,
        keptSession: sessionUid,
      });
      return changed.ok ? saved(login, withNewPassword(loaded.state)) : changed;
    },
  };

  function mayChangePassword({ request: { tenant }, user, step }: Login): boolean {
    if (step.step !== 'notice') return false;
    const source = directoriesOf(tenant).find(({ id }) => id === user?.directory?.id);
    return source?.directory.changesPasswords === true;
  }
}

/** No browser is trusted any more, this one neither. */
function withNewPassword({ passwordChange: _, notice: __, ...state }: LoginState): LoginState {
  const proofs = state.proofs.filter(({ factor }) => factor !== 'trusted-device');
  return { ...state, ...afterOwnChange(state), proofs };
}
