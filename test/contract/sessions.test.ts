import { expect } from 'chai';

import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import type { SessionChange, SignIn } from '../../src/sessions/sessions.ts';
import { freshId, twenty } from '../support/at-once.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { someoneWithAnApp } from '../support/rows.ts';

const HOUR = 3600;
const seconds = () => Math.floor(Date.now() / 1000);

describeOnEveryDatabase('sessions', ({ db, other }) => {
  let tenantId: string;
  let userId: string;
  let clientId: string;
  let uid: string;
  let id: string;

  beforeEach(async () => {
    ({ tenantId, userId, clientId } = await someoneWithAnApp(db()));
    [uid, id] = [freshId(), freshId()];
  });

  const sessions = (number = 0) => createPostgresSessions(number % 2 === 0 ? db() : other());

  const change = (parts: Partial<SessionChange> = {}): SessionChange => ({
    uid,
    id,
    signIn: undefined,
    authorizations: {},
    removedClients: [],
    idle: HOUR,
    absolute: 12 * HOUR,
    ...parts,
  });
  const signIn = (parts: Partial<SignIn> = {}): SignIn => ({
    userId,
    acr: 'sfa',
    amr: ['pwd'],
    authTime: 1_000_000,
    proofs: [{ factor: 'password', amr: ['pwd'], at: 1_000_000 }],
    proofGeneration: 0,
    address: '192.0.2.1',
    userAgent: 'Browser/1.0',
    ...parts,
  });
  const signedIn = (parts: Partial<SessionChange> = {}) =>
    sessions().save(tenantId, change({ signIn: signIn(), ...parts }));
  async function aGrant(grantId: string, session: string | undefined, owner = { userId, clientId }): Promise<void> {
    await db().query(
      `insert into grants (tenant_id, id, user_id, client_id, payload, expires_at)
       values ($1, $2, $3, $4, '{}', now() + interval '1 day')`,
      [tenantId, grantId, owner.userId, owner.clientId],
    );
    if (session === undefined) return;
    await sessions().claimAuthorization(tenantId, session, owner.clientId, { sid: 's', grantId, replacing: undefined });
  }
  const grants = async () =>
    (await db().query<{ id: string }>('select id from grants where tenant_id = $1 order by id', [tenantId])).map(
      (grant) => grant.id,
    );
  /** As if the session had been used last, and made, so many seconds ago. */
  const age = (period: number) =>
    db().query(
      `update sessions set signed_in_at = signed_in_at - make_interval(secs => $2),
              expires_at = expires_at - make_interval(secs => $2) where uid = $1`,
      [uid, period],
    );

  describe('are saved', () => {
    it('and found by the browser’s id and by their own, and no id is kept', async () => {
      await signedIn({ authorizations: { orders: { sid: 'sid-1', grantId: 'grant-1' } } });
      const found = await sessions(1).find(tenantId, id);
      expect(found).to.deep.include({
        uid,
        userId,
        acr: 'sfa',
        amr: ['pwd'],
        authTime: 1_000_000,
        proofs: signIn().proofs,
        state: undefined,
        authorizations: { orders: { sid: 'sid-1', grantId: 'grant-1' } },
      });
      expect(found?.expiresAt).to.be.closeTo(seconds() + HOUR, 2);
      expect(await sessions().findByUid(tenantId, uid)).to.deep.equal(found);
      expect(JSON.stringify(await db().query('select * from sessions where uid = $1', [uid]))).not.to.include(id);
    });

    it('once, by twenty that each take them for new', async () => {
      const saved = await twenty((number) =>
        sessions(number).save(
          tenantId,
          change({ signIn: signIn(), isNew: true, authorizations: { [`app-${number}`]: { sid: `sid-${number}` } } }),
        ),
      );
      expect(saved).to.deep.equal(Array(20).fill(true));
      const { authorizations } = (await sessions().find(tenantId, id)) ?? {};
      expect(Object.keys(authorizations ?? {})).to.have.lengthOf(20);
    });

    it('by what changed alone: each of twenty apps that sign in at once stays', async () => {
      await signedIn();
      await twenty((n) =>
        sessions(n).save(
          tenantId,
          change({ authorizations: { [`app-${n}`]: { sid: `sid-${n}`, grantId: `grant-${n}` } } }),
        ),
      );
      const { authorizations } = (await sessions().find(tenantId, id)) ?? {};
      expect(authorizations).to.deep.equal(
        Object.fromEntries(
          Array.from({ length: 20 }, (_, n) => [`app-${n}`, { sid: `sid-${n}`, grantId: `grant-${n}` }]),
        ),
      );
    });

    it('however many save them at once, time and again', async () => {
      await signedIn();
      for (let round = 0; round < 25; round++) {
        expect(await twenty((n) => sessions(n).save(tenantId, change()))).not.to.include(false);
      }
    });

    it('without undoing a step-up that came in between', async () => {
      await signedIn();
      await sessions(1).save(tenantId, change({ signIn: signIn({ acr: 'mfa', amr: ['pwd', 'otp', 'mfa'] }) }));
      await sessions().save(tenantId, change({ authorizations: { orders: { sid: 'sid-1' } } }));
      expect(await sessions().find(tenantId, id)).to.deep.include({ acr: 'mfa', amr: ['pwd', 'otp', 'mfa'] });
    });

    it('without an app that signed out, which others do not bring back', async () => {
      await signedIn({ authorizations: { orders: { sid: 'sid-1' }, wiki: { sid: 'sid-2', persistsLogout: true } } });
      await sessions(1).save(tenantId, change({ removedClients: ['orders'] }));
      await sessions().save(tenantId, change({ authorizations: { mail: { sid: 'sid-3' } } }));
      const { authorizations } = (await sessions().find(tenantId, id)) ?? {};
      expect(authorizations).to.deep.equal({ wiki: { sid: 'sid-2', persistsLogout: true }, mail: { sid: 'sid-3' } });
    });

    it('with the library’s state only where that changed', async () => {
      const state = { secret: 'x', clientId: 'orders' };
      await signedIn({ state: { value: state } });
      await sessions(1).save(tenantId, change());
      expect((await sessions().find(tenantId, id))?.state).to.deep.equal(state);
      await sessions(1).save(tenantId, change({ state: { value: undefined } }));
      expect((await sessions().find(tenantId, id))?.state).to.equal(undefined);
    });

    it('under a new id from a rotation on, and a save that began before does not bring the old one back', async () => {
      await signedIn();
      const next = freshId();
      await sessions().save(tenantId, change({ id: next, formerId: id }));
      await sessions(1).save(tenantId, change({ authorizations: { orders: { sid: 'sid-1' } } }));
      expect(await sessions().find(tenantId, id)).to.equal(undefined);
      expect((await sessions().find(tenantId, next))?.authorizations).to.have.property('orders');
    });

    it('under the first of two ids that they get at once', async () => {
      await signedIn();
      const ids = Array.from({ length: 20 }, freshId);
      const stands = await twenty((n) => sessions(n).save(tenantId, change({ id: ids[n] ?? '', formerId: id })));
      expect(stands.filter(Boolean)).to.have.length(1);
      for (const [n, one] of ids.entries())
        expect((await sessions().find(tenantId, one))?.uid).to.equal(stands[n] ? uid : undefined);
    });
  });

  describe('end', () => {
    it('for whoever comes later, and tell whose they were', async () => {
      await signedIn({
        authorizations: { orders: { sid: 'sid-1', grantId: 'grant-1' } },
        state: { value: { secret: 'x' } },
      });
      expect(await sessions(1).end(tenantId, uid)).to.deep.equal({ uid, userId });
      expect(await sessions().find(tenantId, id)).to.equal(undefined);
      expect(await sessions().findByUid(tenantId, uid)).to.equal(undefined);
      expect(await db().query('select * from session_authorizations where session_uid = $1', [uid])).to.deep.equal([]);
    });

    it('once: of twenty that end one, one is told', async () => {
      await signedIn();
      const told = await twenty((n) => sessions(n).end(tenantId, uid));
      expect(told.filter(Boolean)).to.deep.equal([{ uid, userId }]);
    });

    it('for good: nothing that still saves or uses them brings them back', async () => {
      await signedIn();
      await Promise.all([
        sessions(1).end(tenantId, uid),
        ...Array.from({ length: 19 }, (_, n) =>
          sessions(n).save(tenantId, change({ signIn: signIn(), authorizations: { [`app-${n}`]: { sid: 's' } } })),
        ),
      ]);
      await sessions().save(tenantId, change({ id: freshId(), formerId: id, signIn: signIn() }));
      await sessions().touch(tenantId, uid, { idle: HOUR, absolute: HOUR });
      expect(await sessions().findByUid(tenantId, uid)).to.equal(undefined);
      expect(await db().query('select * from session_authorizations where session_uid = $1', [uid])).to.deep.equal([]);
    });

    it('all but the one that is kept, where a person’s factors change', async () => {
      await signedIn();
      const [elsewhere, somebodyElse] = [freshId(), await someoneWithAnApp(db(), tenantId)];
      await signedIn({ uid: elsewhere, id: freshId() });
      const theirs = freshId();
      await signedIn({ uid: theirs, id: freshId(), signIn: signIn({ userId: somebodyElse.userId }) });
      expect(await sessions(1).endOthers(tenantId, userId, uid)).to.deep.equal([elsewhere]);
      expect(await sessions().findByUid(tenantId, elsewhere)).to.equal(undefined);
      for (const kept of [uid, theirs]) expect(await sessions().findByUid(tenantId, kept)).not.to.equal(undefined);
      expect(await sessions().endOthers(tenantId, userId, undefined)).to.deep.equal([uid]);
    });
  });

  describe('rest on proofs that still count', () => {
    const uids = async () => (await sessions().list(tenantId, userId)).map((one) => one.uid);

    it('and are told of which generation they are', async () => {
      await signedIn();
      expect((await sessions().findByUid(tenantId, uid))?.proofGeneration).to.equal(0);
      await sessions().endOthers(tenantId, userId, uid);
      expect((await sessions().find(tenantId, id))?.proofGeneration).to.equal(1);
    });

    it('so that none is made anew by a login of before, or of none', async () => {
      await signedIn();
      await sessions().endOthers(tenantId, userId, undefined);
      for (const proofGeneration of [0, undefined]) {
        const anew = { uid: freshId(), id: freshId(), isNew: true };
        expect(await signedIn({ ...anew, signIn: signIn({ proofGeneration }) })).to.equal(false);
        expect(await sessions().findByUid(tenantId, anew.uid)).to.equal(undefined);
      }
    });

    it('so that none is made by a login of before all others were ended, or of none', async () => {
      await sessions().endOthers(tenantId, userId, undefined);
      for (const proofGeneration of [0, 2, undefined]) {
        expect(await signedIn({ signIn: signIn({ proofGeneration }) })).to.equal(false);
      }
      expect(await uids()).to.deep.equal([]);
      expect(await signedIn({ signIn: signIn({ proofGeneration: 1 }) })).to.equal(true);
      expect(await uids()).to.deep.equal([uid]);
    });

    it('and go on without a step-up that does not', async () => {
      await signedIn();
      await sessions(1).endOthers(tenantId, userId, uid);
      const [formerId, stepUp] = [id, signIn({ acr: 'mfa', amr: ['pwd', 'otp', 'mfa'] })];
      id = freshId();
      expect(await sessions().save(tenantId, change({ formerId, signIn: stepUp }))).to.equal(true);
      expect(await sessions().find(tenantId, id)).to.include({ uid, acr: 'sfa' });
    });

    it('whichever of twenty logins come before or after', async () => {
      const all = Array.from({ length: 20 }, () => freshId());
      const [saved] = await Promise.all([
        twenty((n) => sessions(n).save(tenantId, change({ uid: all[n] ?? '', id: freshId(), signIn: signIn() }))),
        sessions(1).endOthers(tenantId, userId, undefined),
      ]);
      expect(saved).to.have.length(20);
      expect(await uids()).to.deep.equal([]);
    });

    it('and leave no grant, whose code may be out already', async () => {
      await sessions().endOthers(tenantId, userId, undefined);
      await aGrant('early', uid);
      await signedIn({ authorizations: { app: { sid: 'sid-1', grantId: 'early' } } });
      expect(await grants()).to.deep.equal([]);
    });
  });

  describe('end with their refresh tokens', () => {
    it('all but those of the one that is kept, also where the session has long gone', async () => {
      const elsewhere = freshId();
      await signedIn();
      await signedIn({ uid: elsewhere, id: freshId() });
      await aGrant('kept', uid);
      await aGrant('elsewhere', elsewhere);
      await aGrant('long gone', undefined);
      const theirs = await someoneWithAnApp(db(), tenantId);
      await aGrant('theirs', undefined, theirs);
      await sessions(1).endOthers(tenantId, userId, uid);
      expect(await grants()).to.deep.equal(['kept', 'theirs']);
      await sessions(1).endOthers(tenantId, userId, undefined);
      expect(await grants()).to.deep.equal(['theirs']);
    });

    it('where their owner ends one, and not where an app signs out', async () => {
      const other = freshId();
      await signedIn();
      await signedIn({ uid: other, id: freshId() });
      await aGrant('ended', uid);
      await aGrant('signed out', other);
      await sessions().endOf(tenantId, userId, uid);
      await sessions().end(tenantId, other);
      expect(await grants()).to.deep.equal(['signed out']);
    });
  });

  describe('end with a trusted device', () => {
    const PASSWORD = { factor: 'password', amr: ['pwd'], at: 1_000_000 } as const;
    const TOTP = { factor: 'totp', amr: ['otp'], at: 1_000_000 } as const;
    const waived = (device: string) => ({ factor: 'trusted-device', amr: [], at: 1_000_000, device }) as const;
    const here = (proofs: SignIn['proofs']) => signedIn({ signIn: signIn({ proofs }) });
    async function elsewhere(proofs: SignIn['proofs']): Promise<string> {
      const uid = freshId();
      await signedIn({ uid, id: freshId(), signIn: signIn({ proofs }) });
      return uid;
    }

    it('where that spared them a second factor, and others do not', async () => {
      await here([PASSWORD, TOTP]);
      const theirs = await elsewhere([PASSWORD, waived('laptop')]);
      const steppedUp = await elsewhere([PASSWORD, waived('laptop'), TOTP]);
      const others = [await elsewhere([PASSWORD, waived('phone')]), await elsewhere([PASSWORD])];
      await aGrant('theirs', theirs);
      const ended = await sessions(1).endTrusted(tenantId, userId, { device: 'laptop', presentUid: uid });
      expect(ended).to.have.members([theirs, steppedUp]);
      expect((await sessions().list(tenantId, userId)).map((one) => one.uid)).to.have.members([uid, ...others]);
      expect(await grants()).to.deep.equal([]);
      expect(await signedIn({ uid: freshId(), id: freshId() })).to.equal(false);
    });

    it('whichever it is, where all are forgotten', async () => {
      await here([PASSWORD, TOTP]);
      const ended = [await elsewhere([PASSWORD, waived('laptop')]), await elsewhere([PASSWORD, waived('phone')])];
      const all = { device: undefined, presentUid: uid };
      expect(await sessions().endTrusted(tenantId, userId, all)).to.have.members(ended);
    });

    it('also the present one, unless a second factor was proven there too: that goes on by it alone', async () => {
      const forget = () => sessions().endTrusted(tenantId, userId, { device: 'laptop', presentUid: uid });
      await here([PASSWORD, waived('laptop'), TOTP]);
      expect(await forget()).to.deep.equal([]);
      expect((await sessions().findByUid(tenantId, uid))?.proofs).to.deep.equal([PASSWORD, TOTP]);
      [uid, id] = [freshId(), freshId()];
      await signedIn({ signIn: signIn({ proofs: [PASSWORD, waived('laptop')], proofGeneration: 1 }) });
      expect(await forget()).to.deep.equal([uid]);
    });
  });

  describe('are listed for their owner', () => {
    it('with what is known of each, the last seen first', async () => {
      const elsewhere = freshId();
      await signedIn({ authorizations: { wiki: { sid: 'sid-1' }, orders: { sid: 'sid-2' } } });
      await signedIn({ uid: elsewhere, id: freshId(), signIn: signIn({ address: undefined, userAgent: undefined }) });
      const theirs = await someoneWithAnApp(db(), tenantId);
      await signedIn({ uid: freshId(), id: freshId(), signIn: signIn({ userId: theirs.userId }) });
      await db().query(`update sessions set last_seen_at = last_seen_at - interval '1 second' where uid = $1`, [uid]);
      const [last, first, ...others] = await sessions(1).list(tenantId, userId);
      expect(others).to.deep.equal([]);
      expect(last).to.deep.include({ uid: elsewhere, address: undefined, userAgent: undefined, clientIds: [] });
      expect(first).to.deep.include({
        uid,
        address: '192.0.2.1',
        userAgent: 'Browser/1.0',
        clientIds: ['orders', 'wiki'],
      });
      for (const time of [first?.signedInAt, first?.lastSeenAt]) {
        expect((time?.getTime() ?? 0) / 1000).to.be.closeTo(seconds(), 5);
      }
    });

    it('unless they have ended or expired', async () => {
      const [ended, expired] = [freshId(), uid];
      await signedIn();
      await signedIn({ uid: ended, id: freshId() });
      await age(HOUR + 1);
      await sessions().end(tenantId, ended);
      expect(await sessions().findByUid(tenantId, expired)).to.equal(undefined);
      expect(await sessions(1).list(tenantId, userId)).to.deep.equal([]);
    });
  });

  describe('end for their owner alone', () => {
    it('once, and their apps with them', async () => {
      await signedIn({ authorizations: { orders: { sid: 'sid-1' } } });
      const told = await twenty((n) => sessions(n).endOf(tenantId, userId, uid));
      expect(told.filter(Boolean)).to.have.length(1);
      expect(await sessions().find(tenantId, id)).to.equal(undefined);
      expect(await db().query('select * from session_authorizations where session_uid = $1', [uid])).to.deep.equal([]);
    });

    it('and not for anybody else', async () => {
      await signedIn();
      const { userId: other } = await someoneWithAnApp(db(), tenantId);
      expect(await sessions().endOf(tenantId, other, uid)).to.equal(false);
      expect(await sessions().endOf(tenantId, userId, freshId())).to.equal(false);
      expect(await sessions().find(tenantId, id)).to.include({ userId });
    });
  });

  describe('expire', () => {
    it('when they are not used, and later when they are', async () => {
      await signedIn();
      await age(HOUR / 2);
      await sessions(1).save(tenantId, change());
      await age(HOUR - 10);
      expect(await sessions().find(tenantId, id)).not.to.equal(undefined);
      await age(20);
      expect(await sessions().find(tenantId, id)).to.equal(undefined);
      expect(await sessions().findByUid(tenantId, uid)).to.equal(undefined);
    });

    it('when their time is over, however much they are used, and by however strong a step-up', async () => {
      await signedIn();
      await age(11.5 * HOUR);
      await sessions().save(tenantId, change({ signIn: signIn({ acr: 'mfa', authTime: seconds() }) }));
      await sessions().touch(tenantId, uid, { idle: HOUR, absolute: 12 * HOUR });
      expect((await sessions().findByUid(tenantId, uid))?.expiresAt).to.be.closeTo(seconds() + HOUR / 2, 2);
    });

    it('when their time is over, where that is shorter than the idle time', async () => {
      await signedIn({ idle: HOUR, absolute: 60 });
      expect((await sessions().find(tenantId, id))?.expiresAt).to.be.closeTo(seconds() + 60, 2);
    });

    it('later when an app uses them, but not once they have expired', async () => {
      const limits = { idle: HOUR, absolute: 12 * HOUR };
      await signedIn();
      await age(HOUR / 2);
      await sessions(1).touch(tenantId, uid, limits);
      expect((await sessions().find(tenantId, id))?.expiresAt).to.be.closeTo(seconds() + HOUR, 2);
      await age(2 * HOUR);
      await sessions(1).touch(tenantId, uid, limits);
      expect(await sessions().find(tenantId, id)).to.equal(undefined);
    });
  });

  it('give one grant to twenty requests of one app at once', async () => {
    await signedIn();
    const claim = (n: number, replacing?: string) =>
      sessions(n).claimAuthorization(tenantId, uid, 'orders', { sid: `sid-${n}`, grantId: freshId(), replacing });
    const claimed = await twenty((n) => claim(n));
    const [first] = claimed;
    for (const one of claimed) expect(one).to.deep.equal(first);
    expect((await sessions().find(tenantId, id))?.authorizations.orders).to.include({
      sid: first?.sid,
      grantId: first?.grantId,
    });

    const replaced = await twenty((n) => claim(n, first?.grantId));
    expect(new Set(replaced.map((one) => one.grantId)).size).to.equal(1);
    expect(replaced[0]?.grantId).not.to.equal(first?.grantId);
    expect(new Set(replaced.map((one) => one.sid))).to.deep.equal(new Set([first?.sid]));
  });

  it('of one tenant mean nothing to another', async () => {
    await signedIn();
    const { tenantId: neighbour } = await someoneWithAnApp(db());
    expect(await sessions().find(neighbour, id)).to.equal(undefined);
    expect(await sessions().findByUid(neighbour, uid)).to.equal(undefined);
    expect(await sessions().end(neighbour, uid)).to.equal(undefined);
    expect(await sessions().endOthers(neighbour, userId, undefined)).to.deep.equal([]);
    expect(await sessions().list(neighbour, userId)).to.deep.equal([]);
    expect(await sessions().endOf(neighbour, userId, uid)).to.equal(false);
    const all = { device: undefined, presentUid: '' };
    expect(await sessions().endTrusted(neighbour, userId, all)).to.deep.equal([]);
    await sessions().touch(neighbour, uid, { idle: 1, absolute: 1 });
    await sessions().save(neighbour, change({ authorizations: { orders: { sid: 'sid-1' } } }));
    await sessions().claimAuthorization(neighbour, uid, 'wiki', { sid: 's', grantId: 'g', replacing: undefined });
    expect(await sessions().find(tenantId, id)).to.deep.include({ userId, authorizations: {} });
  });
});
