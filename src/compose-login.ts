// The steps of a login.

import type { Base } from './compose-base.ts';
import type { PageParts } from './compose-pages.ts';
import type { People } from './compose-people.ts';
import type { SecondFactors } from './compose-second-factors.ts';
import type { Directories } from './directory/directories.ts';
import { resolveSchema } from './directory/presets.ts';
import { createChangePassword } from './first-factors/change-password.ts';
import type { NamedDirectory } from './first-factors/first-factor.ts';
import { createLockoutLimits } from './first-factors/lockout-allowance.ts';
import { createPasswordSignIn } from './first-factors/password-sign-in.ts';
import { currentDevice } from './http/request-context.ts';
import { createFinishLogin } from './login/finish-login.ts';
import { createInteractions } from './login/interactions.ts';
import { createLinkUser } from './login/link-user.ts';
import { createLoginStates } from './login/login-state.ts';
import { createLogins } from './login/login.ts';
import { createStillStands } from './login/still-stands.ts';
import { INTERACTION_LIFE } from './oidc/artifacts-ephemeral.ts';
import type { Tenant } from './tenants/tenants.ts';

export function composeLogin(base: Base, { sender }: PageParts, people: People, factors: SecondFactors) {
  const { store, clients, users } = base;
  const stillStands = createStillStands(people.standing);
  const lockoutLimits = createLockoutLimits();
  const logins = createLogins({
    ...base,
    ...people,
    ...factors,
    states: createLoginStates(store, INTERACTION_LIFE),
    signIn: createPasswordSignIn({ ...base, lockoutLimits, localAccounts: users }),
    changePassword: createChangePassword({ ...base, ...factors, lockoutLimits }),
    directoriesOf: (tenant) => namedDirectories(people.directories, tenant),
    linkUser: createLinkUser({ ...base, ...people }),
    stillStands,
    finishLogin: createFinishLogin({ ...base, stillStands, currentDevice }),
  });
  return { logins, interactions: createInteractions({ clients, sender }) };
}

/** As a sign-in asks them. */
export function namedDirectories(directories: Directories, tenant: Tenant): NamedDirectory[] {
  return directories.of(tenant).map(({ id, directory, settings }) => ({
    id,
    directory,
    realm: settings.realm,
    lockoutBudget: settings.lockoutBudget,
    lockoutWindow: settings.lockoutWindow,
    untoldBudget: resolveSchema(settings).untoldBudget,
  }));
}
