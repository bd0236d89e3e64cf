import { expect } from 'chai';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import type { Directory, DirectoryUser, EntryState } from '../../src/directory/directory.ts';
import { directoryUnavailable } from '../../src/errors.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import { createPostgresTenants } from '../../src/tenants/tenants-postgres.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { createStanding } from '../../src/users/standing.ts';
import { createPostgresUsers } from '../../src/users/users-postgres.ts';
import { freshId, twenty } from '../support/at-once.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { entryOf, fakeDirectory } from '../support/password-sign-in.ts';
import { aDirectoryId, aTenantId, encryption } from '../support/tenants.ts';

const HOUR = 3600;
const MINUTE = 60;

describeOnEveryDatabase('whether somebody still stands', ({ db, other }) => {
  let tenant: Tenant;
  let userId: string;
  let directoryId: string;
  /** What the directory says now; `blind`: its service account sees nobody. */
  let state: EntryState | 'gone' | 'down' | 'blind';
  let clock: Date;

  const ann: DirectoryUser = entryOf('ann', { names: ['ann'] });
  const directory: Directory = {
    ...fakeDirectory('corp', {}, []),
    findByStableId: async () => {
      if (state === 'down') throw directoryUnavailable(new Error('connection refused'));
      return state === 'gone' || state === 'blind' ? undefined : { ...ann, state };
    },
    showsPeople: async () => state !== 'blind',
    groupsOf: async () => [],
  };

  beforeEach(async () => {
    const tenantId = await aTenantId(db());
    directoryId = await aDirectoryId(db(), tenantId);
    clock = new Date('2030-01-01T12:00:00Z');
    state = 'enabled';
    const found = await createPostgresTenants(db(), encryption).byId(tenantId);
    tenant = found ?? expect.fail();
    const answer = { entry: ann, groups: [], checkedAt: clock };
    userId = (await createPostgresUsers(db()).linkDirectoryUser(tenantId, directoryId, answer)).user.id;
  });

  /** Of one process. */
  function standing(database: Database = db()) {
    return createStanding({
      users: createPostgresUsers(database),
      sessions: createPostgresSessions(database),
      audit: createPostgresAudit(database),
      directoryOf: () => directory,
      db: database,
      now: () => clock,
    });
  }
  const sessions = () => createPostgresSessions(db());
  async function signedIn(): Promise<string> {
    const user = await createPostgresUsers(db()).find(tenant.id, userId);
    const uid = freshId();
    const who = { userId, acr: 'sfa', amr: ['pwd'], authTime: 1, address: undefined, userAgent: undefined };
    await sessions().save(tenant.id, {
      uid,
      id: freshId(),
      signIn: { ...who, proofs: [{ factor: 'password', amr: ['pwd'], at: 1 }], proofGeneration: user?.proofGeneration },
      authorizations: {},
      removedClients: [],
      idle: HOUR,
      absolute: HOUR,
    });
    return uid;
  }
  const events = () =>
    db().query<{ type: string; reason: string; detail: { sessions?: string[] } | null }>(
      'select type, reason, detail from audit_events where tenant_id = $1 order by at, id',
      [tenant.id],
    );
  const theUser = async () =>
    (await createPostgresUsers(db()).find(tenant.id, userId)) ?? expect.fail('the user is gone');
  const stands = async (database?: Database) => (await standing(database).current(tenant, userId))?.id === userId;
  function pass(seconds: number): void {
    clock = new Date(clock.getTime() + seconds * 1000);
  }

  for (const left of ['disabled', 'expired', 'gone'] as const) {
    it(`ends the sessions of somebody who is ${left}, once, and says so`, async () => {
      const uids = [await signedIn(), await signedIn()];
      pass(5 * MINUTE);
      state = left;
      const answers = await twenty((n) => stands(n % 2 ? db() : other()));
      expect(new Set(answers)).to.deep.equal(new Set([false]));
      expect(await sessions().list(tenant.id, userId)).to.deep.equal([]);
      const [refused, ended, ...more] = await events();
      expect(refused).to.include({ type: 'user.refused', reason: `${left}-in-directory` });
      expect(ended).to.include({ type: 'session.ended', reason: `${left}-in-directory` });
      expect(ended?.detail?.sessions).to.have.members(uids);
      expect(more).to.deep.equal([]);

      pass(5 * MINUTE);
      expect(await stands(), 'still not').to.equal(false);
      expect(await events()).to.have.lengthOf(2);
    });
  }

  it('is asked again once the last answer is as old as it may be', async () => {
    state = 'disabled';
    pass(5 * MINUTE - 1);
    expect(await stands()).to.equal(true);
    pass(1);
    expect(await stands()).to.equal(false);
  });

  it('lets nobody back into an ended session when the entry is enabled again', async () => {
    const uid = await signedIn();
    pass(5 * MINUTE);
    state = 'disabled';
    await stands();
    pass(5 * MINUTE);
    state = 'enabled';
    expect(await stands()).to.equal(true);
    expect(await sessions().findByUid(tenant.id, uid)).to.equal(undefined);
    const anew = await signedIn();
    expect((await sessions().findByUid(tenant.id, anew))?.userId).to.equal(userId);

    pass(5 * MINUTE);
    state = 'expired';
    await stands();
    expect(await sessions().findByUid(tenant.id, anew)).to.equal(undefined);
    expect((await events()).map(({ reason }) => reason)).to.deep.equal([
      ...['disabled-in-directory', 'disabled-in-directory'],
      ...['expired-in-directory', 'expired-in-directory'],
    ]);
  });

  it('goes by the last answer while the directory is down, and ends nothing for that', async () => {
    await signedIn();
    state = 'down';
    pass(HOUR - 1);
    expect(await stands()).to.equal(true);
    pass(1);
    const fault = await stands().catch((error: unknown) => error);
    expect(fault).to.include({ code: 'directory_unavailable' });
    expect(await sessions().list(tenant.id, userId)).to.have.lengthOf(1);
    expect(await events()).to.deep.equal([]);
  });

  describe('where the directory shows nobody any more', () => {
    const aNeighbour = async (of = directoryId) =>
      createPostgresUsers(db()).linkDirectoryUser(tenant.id, of, {
        entry: entryOf('bob', { names: ['bob'] }),
        groups: [],
        checkedAt: clock,
      });
    beforeEach(async () => {
      await signedIn();
      pass(5 * MINUTE);
      state = 'blind';
    });

    it('is an outage to everybody', async () => {
      await aNeighbour();
      expect(await stands(), 'by the last answer').to.equal(true);
      const fault = await standing()
        .fresh(tenant, await theUser())
        .catch((error: unknown) => error);
      expect(fault).to.include({ code: 'directory_unavailable' });
      expect(await sessions().list(tenant.id, userId)).to.have.lengthOf(1);
    });

    it('is the end to the only one whom it had', async () => {
      const { user } = await aNeighbour();
      const gone = { entry: undefined, checkedAt: clock };
      await createPostgresUsers(db()).rememberDirectoryAnswer(tenant.id, user.id, gone);
      await aNeighbour(await aDirectoryId(db(), tenant.id, 'labs'));
      expect(await stands()).to.equal(false);
      expect(await sessions().list(tenant.id, userId)).to.deep.equal([]);
    });
  });

  it('ends nothing by an answer that comes late', async () => {
    await signedIn();
    pass(10 * MINUTE);
    expect(await stands()).to.equal(true);
    pass(-MINUTE);
    state = 'disabled';
    expect((await standing().fresh(tenant, await theUser()))?.id).to.equal(userId);
    expect(await sessions().list(tenant.id, userId)).to.have.lengthOf(1);
    expect(await events()).to.deep.equal([]);
  });

  it('ends the sessions of nobody else', async () => {
    const mine = await signedIn();
    const bob = { entry: entryOf('bob', { names: ['bob'] }), groups: [], checkedAt: clock };
    const { user } = await createPostgresUsers(db()).linkDirectoryUser(tenant.id, directoryId, bob);
    pass(5 * MINUTE);
    state = 'gone';
    expect(await standing().current(tenant, user.id)).to.equal(undefined);
    expect((await sessions().list(tenant.id, userId)).map(({ uid }) => uid)).to.deep.equal([mine]);
  });
});
