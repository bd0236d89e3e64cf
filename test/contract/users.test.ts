import { expect } from 'chai';
import { v7 as uuidv7, version } from 'uuid';

import type { DirectoryGroup, DirectoryUser } from '../../src/directory/directory.ts';
import type { DirectoryAnswer } from '../../src/users/users.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import { createPostgresUsers } from '../../src/users/users-postgres.ts';
import { twenty } from '../support/at-once.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aDirectoryId, aTenantId } from '../support/tenants.ts';

const finance: DirectoryGroup = { id: 'g1', dn: 'cn=finance,dc=example', name: 'finance', nameIsUnique: true, via: [] };
const board: DirectoryGroup = { id: 'g2', dn: 'cn=board,dc=example', name: 'board', via: ['cn=finance,dc=example'] };
const noon = new Date('2030-01-01T12:00:00Z');

function answer(entry: Partial<DirectoryUser> = {}, groups: DirectoryGroup[] = [], checkedAt = noon) {
  const ann: DirectoryUser = {
    stableId: 'a1',
    dn: 'uid=ann,dc=example',
    username: 'ann',
    profile: { name: 'Ann', email: 'ann@example.com' },
    state: 'enabled' as const,
  };
  return { entry: { ...ann, ...entry }, groups, checkedAt } satisfies DirectoryAnswer;
}

function later(seconds: number): Date {
  return new Date(noon.getTime() + seconds * 1000);
}

describeOnEveryDatabase('users of a directory', ({ db, other }) => {
  const users = () => createPostgresUsers(db());
  async function aDirectory() {
    const tenantId = await aTenantId(db());
    return { tenantId, directoryId: await aDirectoryId(db(), tenantId) };
  }

  it('are made at the first sign-in and found at the next', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const first = await users().linkDirectoryUser(tenantId, directoryId, answer({}, [finance, board]));
    expect(first.created).to.equal(true);
    expect(version(first.user.id)).to.equal(7);
    expect(first.user).to.deep.equal({
      id: first.user.id,
      tenantId,
      username: 'ann',
      status: 'active',
      profile: { name: 'Ann', email: 'ann@example.com' },
      directory: {
        id: directoryId,
        stableId: 'a1',
        dn: 'uid=ann,dc=example',
        groups: [finance, board],
        state: 'enabled',
        checkedAt: noon,
      },
      groups: [finance, board],
      local: undefined,
      lastLoginAt: undefined,
      proofGeneration: 0,
    });
    expect(await createPostgresUsers(other()).find(tenantId, first.user.id)).to.deep.equal(first.user);
    const second = await users().linkDirectoryUser(tenantId, directoryId, answer({}, [finance, board]));
    expect(second).to.deep.equal({ user: first.user, created: false });
  });

  it('are told anew by their entry once there is one', async () => {
    const { tenantId, directoryId } = await aDirectory();
    expect(await users().updateByEntry(tenantId, directoryId, answer())).to.equal(undefined);
    const { user } = await users().linkDirectoryUser(tenantId, directoryId, answer({}, [finance]));
    const told = answer({ username: 'ann.b' }, [board], later(60));
    const known = await users().updateByEntry(tenantId, directoryId, told);
    expect(known).to.deep.include({ id: user.id, username: 'ann.b' });
    expect(known?.directory).to.deep.include({ groups: [board], checkedAt: later(60) });
    const elsewhere = await aDirectory();
    expect(await users().updateByEntry(tenantId, elsewhere.directoryId, told)).to.equal(undefined);
    expect(await users().updateByEntry(elsewhere.tenantId, directoryId, told)).to.equal(undefined);
  });

  it('stay one when twenty sign-ins are the first at once', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const links = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        createPostgresUsers(index % 2 ? db() : other()).linkDirectoryUser(tenantId, directoryId, answer()),
      ),
    );
    expect(links.filter((link) => link.created)).to.have.length(1);
    expect(new Set(links.map((link) => link.user.id)).size).to.equal(1);
  });

  it('stay the same when the entry is renamed or moved, and are told anew', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const { user } = await users().linkDirectoryUser(tenantId, directoryId, answer({}, [finance]));
    const moved = { dn: 'uid=ann.b,ou=board,dc=example', username: 'ann.b', profile: { name: 'Ann B' } };
    const link = await users().linkDirectoryUser(tenantId, directoryId, answer(moved, [board], later(60)));
    expect(link.created).to.equal(false);
    expect(link.user).to.deep.include({ id: user.id, username: 'ann.b', profile: { name: 'Ann B' } });
    expect(link.user.directory).to.deep.include({ dn: moved.dn, groups: [board], checkedAt: later(60) });
  });

  it('are another person under the same name with another id, in another directory or tenant', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const elsewhere = await aDirectory();
    const second = await aDirectoryId(db(), tenantId, 'second');
    const links = [
      await users().linkDirectoryUser(tenantId, directoryId, answer()),
      await users().linkDirectoryUser(tenantId, directoryId, answer({ stableId: 'a2' })),
      await users().linkDirectoryUser(tenantId, second, answer()),
      await users().linkDirectoryUser(elsewhere.tenantId, elsewhere.directoryId, answer()),
    ];
    expect(links.map((link) => link.created)).to.deep.equal([true, true, true, true]);
    expect(new Set(links.map((link) => link.user.id)).size).to.equal(4);
    for (const { user } of links) {
      const { id = '', stableId = '' } = user.directory ?? {};
      expect(await users().findByEntry(user.tenantId, id, stableId)).to.deep.equal(user);
    }
    expect(await users().findByEntry(elsewhere.tenantId, directoryId, 'a1')).to.equal(undefined);
    expect(await users().findByEntry(tenantId, directoryId, '')).to.equal(undefined);
  });

  it('are never joined to a directory of another tenant', async () => {
    const { tenantId } = await aDirectory();
    const elsewhere = await aDirectory();
    const link = users().linkDirectoryUser(tenantId, elsewhere.directoryId, answer());
    expect(await link.catch((error: unknown) => String(error))).to.include('foreign key');
  });

  it('remember what the directory says between sign-ins', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const { user } = await users().linkDirectoryUser(tenantId, directoryId, answer({}, [finance]));
    const remember = async (said: Parameters<ReturnType<typeof users>['rememberDirectoryAnswer']>[2]) =>
      (await users().rememberDirectoryAnswer(tenantId, user.id, said))?.user;

    const renamed = await remember(
      answer({ username: 'ann.b', profile: { email: 'b@example.com' } }, [board], later(1)),
    );
    expect(renamed).to.deep.include({ id: user.id, username: 'ann.b', profile: { email: 'b@example.com' } });
    expect(renamed?.directory).to.deep.include({ groups: [board], checkedAt: later(1), state: 'enabled' });

    const disabled = await remember(answer({ state: 'disabled' as const }, [board], later(2)));
    expect(disabled?.directory).to.include({ state: 'disabled' });
    const gone = await remember({ entry: undefined, checkedAt: later(3) });
    expect(gone?.directory).to.deep.include({
      state: 'gone',
      groups: [board],
      checkedAt: later(3),
      dn: answer().entry.dn,
    });
    expect(await users().find(tenantId, user.id)).to.deep.equal(gone);

    const back = await remember(answer({}, [finance], later(4)));
    expect(back?.directory).to.deep.include({ state: 'enabled', groups: [finance] });
  });

  it('leave once when the directory says that they are enabled no more, however many hear it at once', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const { user } = await users().linkDirectoryUser(tenantId, directoryId, answer({}, [finance]));
    const heard = (said: Parameters<ReturnType<typeof users>['rememberDirectoryAnswer']>[2]) =>
      twenty(async (n) => {
        const remembered = createPostgresUsers(n % 2 ? db() : other()).rememberDirectoryAnswer(tenantId, user.id, said);
        return (await remembered)?.leaves;
      });
    const times = async (said: Parameters<typeof heard>[0]) => (await heard(said)).filter(Boolean).length;

    expect(await times(answer({}, [finance], later(1))), 'enabled still').to.equal(0);
    expect(await times(answer({ state: 'expired' }, [], later(2))), 'expired').to.equal(1);
    expect(await times({ entry: undefined, checkedAt: later(3) }), 'gone after that').to.equal(0);
    expect(await times(answer({}, [], later(4))), 'back').to.equal(0);
    expect(await times({ entry: undefined, checkedAt: later(3) }), 'a late answer').to.equal(0);
    expect(await times({ entry: undefined, checkedAt: later(5) }), 'gone').to.equal(1);
    await heard(answer({}, [], later(6)));
    expect(await times(answer({ state: 'disabled' }, [], later(7))), 'disabled').to.equal(1);
  });

  it('let no late answer, nor one about somebody else, replace what is known', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const { user } = await users().linkDirectoryUser(tenantId, directoryId, answer({}, [finance]));
    const wrong: Parameters<ReturnType<typeof users>['rememberDirectoryAnswer']>[2][] = [
      answer({ username: 'late' }, [board], later(-1)),
      { entry: undefined, checkedAt: later(-1) },
      answer({ stableId: 'a2', username: 'somebody else' }, [board], later(1)),
    ];
    for (const said of wrong) {
      expect(await users().rememberDirectoryAnswer(tenantId, user.id, said)).to.deep.equal({ user, leaves: false });
    }
  });

  it('are kept with what Postgres cannot store left out', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const odd = { username: 'an\0n', profile: { name: 'A\0nn \ud800 \\u0000' } };
    const { user } = await users().linkDirectoryUser(tenantId, directoryId, answer(odd));
    expect(user).to.deep.include({ username: 'ann', profile: { name: 'Ann \ufffd \\u0000' } });
  });

  it('keep their directory from being deleted, and go with their tenant', async () => {
    const { tenantId, directoryId } = await aDirectory();
    const { user } = await users().linkDirectoryUser(tenantId, directoryId, answer());
    const deletion = db().query('delete from directories where tenant_id = $1', [tenantId]);
    expect(await deletion.catch((error: unknown) => String(error))).to.include('foreign key');
    await db().query('delete from tenants where id = $1', [tenantId]);
    expect(await users().find(tenantId, user.id)).to.equal(undefined);
  });
});

describeOnEveryDatabase('users with an account here', ({ db, other }) => {
  const users = () => createPostgresUsers(db());
  const create = (tenantId: string, localName: string, database = db()) =>
    createPostgresUsers(database).createLocal({
      tenantId,
      localName,
      passwordHash: 'hash',
      profile: { emailVerified: true },
    });
  async function created(tenantId: string, localName: string) {
    const outcome = await create(tenantId, localName);
    if (!outcome.ok) throw new Error(outcome.reason);
    return outcome.value;
  }

  it('are found by name, however it is typed', async () => {
    const tenantId = await aTenantId(db());
    const user = await created(tenantId, ' Ann.Example ');
    expect(user).to.deep.include({ username: 'Ann.Example', local: { name: 'ann.example' }, directory: undefined });
    expect(user.profile).to.deep.equal({ emailVerified: true });
    for (const typed of ['ann.example', 'ANN.EXAMPLE', ' ａｎｎ.example ']) {
      expect(await users().findByLocalName(tenantId, typed), typed).to.deep.equal({ user, passwordHash: 'hash' });
    }
    for (const typed of ['ann', '', 'ann.example\0', '%', 'x'.repeat(100_000)]) {
      expect(await users().findByLocalName(tenantId, typed), typed).to.equal(undefined);
    }
  });

  it('have a name that nobody else has, in their tenant', async () => {
    const tenantId = await aTenantId(db());
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => create(tenantId, index % 3 ? 'ann' : 'ANN', index % 2 ? db() : other())),
    );
    expect(outcomes.filter((outcome) => outcome.ok)).to.have.length(1);
    expect(outcomes.filter((outcome) => !outcome.ok && outcome.reason === 'taken')).to.have.length(19);
    expect(await create(tenantId, 'an\u200bn')).to.include({ reason: 'malformed' });
    expect(await create(await aTenantId(db()), 'ann')).to.include({ ok: true });
  });

  it('get another password hash', async () => {
    const tenantId = await aTenantId(db());
    const user = await created(tenantId, 'ann');
    await users().storePasswordHash(tenantId, user.id, 'another');
    expect(await users().findByLocalName(tenantId, 'ann')).to.include({ passwordHash: 'another' });
    await users().replacePasswordHash(tenantId, user.id, 'hash', 'a rehash that comes too late');
    expect(await users().findByLocalName(tenantId, 'ann')).to.include({ passwordHash: 'another' });
    await users().replacePasswordHash(tenantId, user.id, 'another', 'rehashed');
    expect(await users().findByLocalName(tenantId, 'ann')).to.include({ passwordHash: 'rehashed' });
  });

  const inGrace = (maxLogins?: number) => ({ at: noon, proofGeneration: 0, inGrace: { maxLogins } });

  it('remember their last login', async () => {
    const tenantId = await aTenantId(db());
    const user = await created(tenantId, 'ann');
    for (const at of [later(1), noon]) {
      expect(await users().recordLogin(tenantId, user.id, { at, proofGeneration: 0 })).to.equal(true);
    }
    expect(await users().find(tenantId, user.id)).to.deep.include({ lastLoginAt: later(1) });
  });

  it('change their status from what was expected, once', async () => {
    const tenantId = await aTenantId(db());
    const { id } = await created(tenantId, 'ann');
    const disable = (on = db()) =>
      createPostgresUsers(on).changeStatus(tenantId, id, ['active', 'complete'], 'disabled');
    const changed = await twenty((n) => disable(n % 2 ? db() : other()));
    expect(changed.filter(Boolean)).to.have.length(1);
    expect(await users().find(tenantId, id)).to.include({ status: 'disabled' });
    expect(await users().changeStatus(tenantId, id, ['disabled'], 'active')).to.equal(true);
    expect(await users().find(tenantId, id)).to.include({ status: 'active' });
  });

  for (const status of ['pending', 'complete', 'disabled', 'rejected'] as const) {
    it(`have no login recorded while they are ${status}`, async () => {
      const tenantId = await aTenantId(db());
      const { id } = await created(tenantId, 'ann');
      await users().changeStatus(tenantId, id, ['active'], status);
      expect(await users().recordLogin(tenantId, id, { at: noon, proofGeneration: 0 })).to.equal(false);
      expect(await users().find(tenantId, id)).to.include({ status, lastLoginAt: undefined });
    });
  }

  it('have no login recorded that rests on proofs of another generation', async () => {
    const tenantId = await aTenantId(db());
    const user = await created(tenantId, 'ann');
    await createPostgresSessions(db()).endOthers(tenantId, user.id, undefined);
    for (const proofGeneration of [0, 2]) {
      const login = { at: noon, proofGeneration, inGrace: { maxLogins: undefined } };
      expect(await users().recordLogin(tenantId, user.id, login)).to.equal(false);
    }
    expect(await users().find(tenantId, user.id)).to.deep.equal({ ...user, proofGeneration: 1 });
    expect((await users().grace(tenantId, user.id)).logins).to.equal(0);
    expect(await users().recordLogin(tenantId, user.id, { at: noon, proofGeneration: 1 })).to.equal(true);
  });

  it('have time to enrol from the first time that it is asked for, and their sign-ins without are counted', async () => {
    const tenantId = await aTenantId(db());
    const user = await created(tenantId, 'ann');
    const neighbour = await created(tenantId, 'bob');
    const [first, ...others] = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        createPostgresUsers(index % 2 ? db() : other()).grace(tenantId, user.id),
      ),
    );
    expect(first?.logins).to.equal(0);
    expect(Math.abs((first?.since.getTime() ?? 0) - Date.now())).to.be.below(60_000);
    for (const other of others) expect(other).to.deep.equal(first);

    await twenty(() => users().recordLogin(tenantId, user.id, inGrace()));
    expect(await users().grace(tenantId, user.id)).to.deep.equal({ since: first?.since, logins: 20 });
    expect((await users().grace(tenantId, neighbour.id)).logins).to.equal(0);
  });

  it('sign in without a second factor as often as the tenant says, however many logins end at once', async () => {
    const tenantId = await aTenantId(db());
    const { id } = await created(tenantId, 'ann');
    const recorded = await twenty((n) =>
      createPostgresUsers(n % 2 ? db() : other()).recordLogin(tenantId, id, inGrace(3)),
    );
    expect(recorded.filter(Boolean)).to.have.length(3);
    expect((await users().grace(tenantId, id)).logins).to.equal(3);
    expect(await users().recordLogin(tenantId, id, { at: noon, proofGeneration: 0 })).to.equal(true);
  });

  it('have no time to enrol in another tenant, and none of their sign-ins there are counted', async () => {
    const [tenantId, stranger] = [await aTenantId(db()), await aTenantId(db())];
    const { id } = await created(tenantId, 'ann');
    expect(await users().recordLogin(stranger, id, inGrace())).to.equal(false);
    expect(
      await users()
        .grace(stranger, id)
        .catch((error: unknown) => String(error)),
    ).to.include('does not exist');
    expect((await users().grace(tenantId, id)).logins).to.equal(0);
  });

  it('have an account here or an entry in a directory, never both', async () => {
    const tenantId = await aTenantId(db());
    const { id } = await created(tenantId, 'ann');
    const directoryId = await aDirectoryId(db(), tenantId);
    const join = db().query(
      `update users set directory_id = $2, stable_id = 'a1', directory_dn = '', directory_groups = '[]',
       directory_state = 'enabled', directory_checked_at = now() where id = $1`,
      [id, directoryId],
    );
    expect(await join.catch((error: unknown) => String(error))).to.include('check constraint');
  });
});

describeOnEveryDatabase('users of another tenant', ({ db }) => {
  const users = () => createPostgresUsers(db());

  it('are as unknown as users that do not exist, and nothing is done to them', async () => {
    const [tenantId, stranger] = [await aTenantId(db()), await aTenantId(db())];
    const { user } = await users().linkDirectoryUser(tenantId, await aDirectoryId(db(), tenantId), answer());
    const local = await users().createLocal({ tenantId, localName: 'bob', passwordHash: 'hash', profile: {} });
    const bob = local.ok ? local.value : expect.fail();

    for (const id of [user.id, bob.id, uuidv7(), 'ann', '', '\0', `${user.id} `]) {
      expect(await users().find(stranger, id), id).to.equal(undefined);
      expect(await users().changeStatus(stranger, id, ['active'], 'disabled'), id).to.equal(false);
      expect(await users().rememberDirectoryAnswer(stranger, id, answer({}, [], later(1))), id).to.equal(undefined);
      const gone = { entry: undefined, checkedAt: later(1) };
      expect(await users().rememberDirectoryAnswer(stranger, id, gone), id).to.equal(undefined);
    }
    for (const { id } of [user, bob]) {
      expect(await users().recordLogin(stranger, id, { at: noon, proofGeneration: 0 })).to.equal(false);
      await users().storePasswordHash(stranger, id, 'theirs');
      await users().replacePasswordHash(stranger, id, 'hash', 'theirs');
    }
    expect(await users().findByLocalName(stranger, 'bob')).to.equal(undefined);
    expect(await users().find(tenantId, user.id)).to.deep.equal(user);
    expect(await users().findByLocalName(tenantId, 'bob')).to.deep.equal({ user: bob, passwordHash: 'hash' });
  });
});
