// A directory that takes a new password, and whose answer is lost on the way.

import { expect } from 'chai';

import type { Directory } from '../../src/directory/directory.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createChangePassword } from '../../src/first-factors/change-password.ts';
import { createLockoutLimits } from '../../src/first-factors/lockout-allowance.ts';
import { accepted } from '../../src/outcome.ts';
import type { User } from '../../src/users/users.ts';
import { bindsAt } from '../support/ldap-bind.ts';
import { ldifEntry } from '../support/ldif.ts';
import { openDirectory } from '../support/open-directory.ts';
import { startRelay } from '../support/relay.ts';
import type { Relay } from '../support/relay.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';
import { loadedTenant } from '../support/tenants.ts';

/** RFC 3062 2 */
const PASSWORD_MODIFY = '1.3.6.1.4.1.4203.1.11.1';
const CURRENT = 'the one of today';
const NEXT = 'violet tractor umbrella';

const tenant = loadedTenant();

describe('a change of password that nobody knows the end of', () => {
  let slapd: TestSlapd;
  let relay: Relay;
  let directory: Directory;

  before(async () => {
    slapd = await startSlapd();
    relay = await startRelay(Number(new URL(slapd.url).port));
    const urls = [`ldap://127.0.0.1:${relay.port}`];
    directory = openDirectory(slapd.service, { urls, tls: { mode: 'none' }, baseDn: slapd.suffix });
  });
  after(() => directory.close());

  for (const [what, losing, types] of [
    ['the answer was lost', PASSWORD_MODIFY, ['password.change_uncertain', 'password.refused directory-unavailable']],
    ['our own storage failed', undefined, ['password.changed', 'password.change_uncertain']],
  ] as const) {
    it(`ends what was open under the old one, where ${what}`, async () => {
      const login = losing === undefined ? 'moss' : 'fern';
      const dn = `uid=${login},${slapd.suffix}`;
      const person = { objectClass: 'inetOrgPerson', uid: login, cn: login, sn: login, userPassword: CURRENT };
      await slapd.modify(ldifEntry(dn, person));
      const found = await directory.find(login);
      if (!found.ok) throw new Error(found.reason);
      relay.loseAnswersTo(losing);

      const events: string[] = [];
      const change = createChangePassword({
        limiter: {
          reserve: async () => accepted({ succeeded: async () => undefined, release: async () => undefined }),
        },
        lockoutLimits: createLockoutLimits(),
        store: createMemoryStore(),
        accountChanged: async ({ event }) => {
          events.push(event.type);
          if (event.type === 'password.changed') throw new Error('the connection was lost');
        },
        audit: { record: async ({ type, reason }) => void events.push(`${type} ${reason}`) },
        db: { unitOfWork: (work) => work() },
      });
      const fault = await change({
        tenant,
        user: userOf(login, found.value.stableId),
        directories: [{ id: 'd1', directory }],
        current: CURRENT,
        next: NEXT,
        withSecondFactor: false,
        address: '192.0.2.1',
        isTrusted: undefined,
        keptSession: undefined,
      }).catch((thrown: unknown) => thrown);
      expect(fault).to.be.instanceOf(Error);
      expect(await bindsAt(slapd, dn, NEXT), 'the directory took it').to.equal(true);
      expect(events).to.deep.equal(types);
    });
  }
});

function userOf(username: string, stableId: string): User {
  return {
    id: 'u1',
    tenantId: 't1',
    username,
    status: 'active',
    profile: {},
    directory: { id: 'd1', stableId, dn: '', groups: [], state: 'enabled', checkedAt: new Date() },
    local: undefined,
    lastLoginAt: undefined,
    groups: [],
    proofGeneration: 1,
  };
}
