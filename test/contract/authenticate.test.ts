import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { PRINCIPAL_CLAIM } from '../../src/admin/authentication/access-token.ts';
import type { Authenticate } from '../../src/admin/authentication/authenticate.ts';
import type { Caller } from '../../src/admin/caller.ts';
import { ADMIN_PERMISSIONS } from '../../src/admin/permissions.ts';
import { Problem } from '../../src/admin/problem.ts';
import { composeAuthority } from '../../src/compose-authority.ts';
import type { Authority } from '../../src/compose-authority.ts';
import { composePeople } from '../../src/compose-people.ts';
import { startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import {
  aGrant,
  aProofKey,
  aStrangersKey,
  aUser,
  clientToken,
  requestWith,
  userToken,
} from '../support/admin-tokens.ts';
import { aClient, aRole } from '../support/tenants.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import type { User } from '../../src/users/users.ts';

const service = (roles: string[] = []) => aClient('a secret', { grant_types: ['client_credentials'], roles });

describe('who calls the admin API', () => {
  let admin: TestAdmin;
  let authority: Authority;
  let authenticate: Authenticate;
  let acme: Tenant;
  let globex: Tenant;
  let owner: User;

  before(async () => {
    const clients = { console: aClient('a secret'), robot: service(['feeder']), idle: service() };
    const roles = { feeder: aRole({ permissions: ['users:read', 'users:write', 'queue:read'] }) };
    admin = await startAdmin({ acme: { clients, roles }, globex: { clients, roles } });
    const people = composePeople(admin.base);
    authority = composeAuthority(admin.base, people);
    ({ authenticate } = authority);
    const { acme: first, globex: second } = admin.tenants;
    if (!first || !second) throw new Error('the tenants are missing');
    [acme, globex] = [first, second];
    owner = await aUser(admin.base, acme, ['owner']);
  });

  const asBearer = (token: string) => authenticate(requestWith(`Bearer ${token}`));
  const asOwner = (parts?: Parameters<typeof userToken>[3]) => userToken(admin.base, acme, owner.id, parts);

  /** Answers the challenge. */
  async function refused(calling: Promise<Caller>): Promise<string> {
    const problem = await calling.then(
      (caller) => expect.fail(`it was ${caller.kind} ${caller.id}`),
      (error: unknown) => error,
    );
    if (!(problem instanceof Problem)) throw problem;
    expect(problem.code).to.equal('unauthenticated');
    return problem.headers['WWW-Authenticate'] ?? '';
  }

  describe('with an access token', () => {
    it('is the person whom it was issued for, with what they hold', async () => {
      const caller = await asBearer(await asOwner({ claims: { acr: 'mfa', auth_time: 1234 } }));
      expect(caller).to.include({ kind: 'user', id: owner.id });
      expect(caller.tenant.slug).to.equal(acme.slug);
      expect([...caller.permissions]).to.deep.equal(['*:*']);
      expect(caller.signIn).to.deep.equal({ acr: 'mfa', authTime: 1234 });
    });

    it('may do what both the roles and the scope permit', async () => {
      const limited = await asBearer(await asOwner({ claims: { scope: 'openid users:read audit:read' } }));
      expect([...limited.permissions].sort()).to.deep.equal(['audit:read', 'users:read']);
      const helper = await aUser(admin.base, acme, ['helpdesk']);
      const of = async (scope: string) =>
        [...(await asBearer(await userToken(admin.base, acme, helper.id, { claims: { scope } }))).permissions].sort();
      expect(await of(ADMIN_PERMISSIONS.join(' '))).to.include.members(['users:read', 'factors:write']);
      expect(await of(ADMIN_PERMISSIONS.join(' '))).not.to.include.members(['users:write']);
      expect(await of('*:*')).to.deep.equal(await of(ADMIN_PERMISSIONS.join(' ')));
      expect(await of('users:write')).to.deep.equal([]);
      expect(await of('')).to.deep.equal([]);
    });

    it('is a service with the roles that it holds', async () => {
      const caller = await asBearer(await clientToken(admin.base, acme, 'robot', { claims: { scope: 'users:read' } }));
      expect(caller).to.include({ kind: 'client', id: 'robot' });
      expect(caller.signIn).to.equal(undefined);
      expect([...caller.permissions]).to.deep.equal(['users:read']);
      const powerless = await asBearer(await clientToken(admin.base, acme, 'idle'));
      expect([...powerless.permissions]).to.deep.equal([]);
    });

    it('is the groups that the person manages', async () => {
      const group = uuidv7();
      await admin.base.db.query('insert into groups (id, tenant_id, name) values ($1, $2, $3)', [
        group,
        acme.id,
        'Choir',
      ]);
      await admin.base.db.query('insert into group_managers (tenant_id, group_id, user_id) values ($1, $2, $3)', [
        acme.id,
        group,
        owner.id,
      ]);
      expect([...(await asBearer(await asOwner())).managedGroups]).to.deep.equal([group]);
      const managing = async (scope: string) => (await asBearer(await asOwner({ claims: { scope } }))).managing;
      expect(await managing('openid groups:read')).to.equal('groups:read');
      for (const scope of ['groups:write', '*:*', 'groups:read groups:write']) {
        expect(await managing(scope)).to.equal('groups:write');
      }
      for (const scope of ['openid', 'users:write roles:read']) expect(await managing(scope)).to.equal(undefined);
    });

    it('is nobody without one, and is told how to come by one', async () => {
      for (const nothing of [undefined, '', 'Basic YTpi', 'Bearer', 'Bearer a b', 'Bearer ü']) {
        expect(await refused(authenticate(requestWith(nothing)))).to.match(/^Bearer realm="admin", DPoP algs="ES256 /);
      }
    });

    const WRONG: Record<string, Record<string, unknown>> = {
      'for another audience': { aud: 'https://api.example.com' },
      'for others as well': { aud: ['http://localhost:3000/admin', 'https://api.example.com'] },
      'without an audience': { aud: undefined },
      expired: { exp: Math.floor(Date.now() / 1000) - 60 },
      'that never expires': { exp: undefined },
      'of a stranger': { iss: 'https://id.example.com' },
      'of no issuer': { iss: undefined },
      'that does not say what it was issued for': { [PRINCIPAL_CLAIM]: undefined },
      'whose scope is no text': { scope: ['*:*'] },
    };
    for (const [what, claims] of Object.entries(WRONG)) {
      it(`is nobody with one ${what}`, async () => {
        expect(await refused(asBearer(await asOwner({ claims })))).to.equal('Bearer error="invalid_token"');
      });
    }

    it('is nobody with any other token of ours', async () => {
      for (const typ of ['JWT', 'logout+jwt', 'token-introspection+jwt', 'dpop+jwt', undefined]) {
        await refused(asBearer(await asOwner({ header: { typ } })));
      }
    });

    it('is nobody with a signature of another key, of none, or of another tenant', async () => {
      const [key] = await admin.base.keys.signingKeys(acme.id);
      await refused(asBearer(await asOwner({ key: await aStrangersKey(key?.kid ?? '') })));
      const [header, payload] = (await asOwner()).split('.');
      const none = Buffer.from(JSON.stringify({ typ: 'at+jwt', alg: 'none' })).toString('base64url');
      for (const forged of [`${none}.${payload}.`, `${header}.${payload}.`, `${header}.${payload}`, 'a.b.c', '....']) {
        await refused(asBearer(forged));
      }
      const foreign = (await admin.base.keys.signingKeys(globex.id)).find(({ alg }) => alg === 'ES256');
      await refused(asBearer(await asOwner(foreign && { key: foreign })));
      const rsa = (await admin.base.keys.signingKeys(acme.id)).find(({ alg }) => alg === 'RS256');
      await refused(asBearer(await asOwner(rsa && { key: rsa })));
    });

    it('is nobody in another tenant by the same token', async () => {
      await refused(asBearer(await asOwner({ claims: { iss: admin.base.issuerOf(globex) } })));
      const foreign = (await admin.base.keys.signingKeys(globex.id)).find(({ alg }) => alg === 'ES256');
      const parts = { claims: { iss: admin.base.issuerOf(globex) }, ...(foreign && { key: foreign }) };
      await refused(asBearer(await asOwner(parts)));
      await refused(asBearer(await asOwner({ claims: { iss: `${admin.base.issuerOf(acme)}/` } })));
    });

    it('is never a user by a client_id that is one, nor a client by an id of a user', async () => {
      const { db } = admin.base;
      await db.query(
        `insert into clients (tenant_id, client_id, metadata, secret, owner)
         select tenant_id, $2, metadata, null, 'api' from clients where tenant_id = $1 and client_id = 'idle'`,
        [acme.id, owner.id],
      );
      const asClient = await asBearer(await clientToken(admin.base, acme, owner.id));
      expect(asClient.kind).to.equal('client');
      expect([...asClient.permissions]).to.deep.equal([]);
      const grant = await aGrant(admin.base, acme, owner.id, owner.id);
      const principal = { [PRINCIPAL_CLAIM]: { kind: 'user', grant } };
      const asUser = await asBearer(await clientToken(admin.base, acme, owner.id, { claims: principal }));
      expect(asUser).to.include({ kind: 'user', id: owner.id });
      await refused(asBearer(await asOwner({ claims: { [PRINCIPAL_CLAIM]: { kind: 'client' } } })));
    });

    it('is nobody any more once the person is disabled, or gone', async () => {
      const leaver = await aUser(admin.base, acme, ['owner']);
      const token = await userToken(admin.base, acme, leaver.id);
      expect((await asBearer(token)).id).to.equal(leaver.id);
      await admin.base.db.query(`update users set status = 'disabled' where id = $1`, [leaver.id]);
      await refused(asBearer(token));
      await admin.base.db.query('delete from users where id = $1', [leaver.id]);
      await refused(asBearer(token));
    });

    it('loses a role at once', async () => {
      const helper = await aUser(admin.base, acme, ['helpdesk']);
      const token = await userToken(admin.base, acme, helper.id);
      expect((await asBearer(token)).permissions.has('users:read')).to.equal(true);
      await admin.base.roles.setRolesOf(acme.id, { kind: 'user', id: helper.id }, []);
      expect([...(await asBearer(token)).permissions]).to.deep.equal([]);
    });

    it('is nobody any more once the sessions end', async () => {
      const token = await asOwner();
      await admin.base.sessions.endOthers(acme.id, owner.id, undefined);
      await refused(asBearer(token));
      const ofSession = await aGrant(admin.base, acme, owner.id);
      const principal = { kind: 'user', grant: ofSession, session: 'one that has ended' };
      await refused(asBearer(await asOwner({ claims: { [PRINCIPAL_CLAIM]: principal } })));
    });

    it('is nobody any more once the client is gone, or takes no client credentials', async () => {
      const { db } = admin.base;
      const token = await clientToken(admin.base, globex, 'robot');
      const ofPerson = await userToken(admin.base, globex, (await aUser(admin.base, globex, ['owner'])).id);
      expect((await asBearer(token)).id).to.equal('robot');
      await db.query(`delete from clients where tenant_id = $1 and client_id in ('robot', 'console')`, [globex.id]);
      await refused(asBearer(token));
      await refused(asBearer(ofPerson));
      await refused(asBearer(await clientToken(admin.base, acme, 'console')));
    });

    it('is nobody while the tenant is suspended', async () => {
      const token = await asOwner();
      const key = await authority.apiKeys.create(acme.id, {
        name: 'script',
        permissions: ['users:read'],
        createdBy: 'the test',
        expiresAt: new Date(Date.now() + 60_000),
      });
      const status = (to: string) => admin.base.db.query('update tenants set status = $2 where id = $1', [acme.id, to]);
      await status('suspended');
      await refused(asBearer(token));
      await refused(asBearer(key.key));
      await status('active');
      await asBearer(token);
      await asBearer(key.key);
    });
  });

  describe('in the midst of what goes on for long', () => {
    it('is who it was, with what they may do by then, and without another proof', async () => {
      const helper = await aUser(admin.base, acme, ['helpdesk']);
      const key = await aProofKey();
      const token = await userToken(admin.base, acme, helper.id, { claims: { cnf: { jkt: key.thumbprint } } });
      const caller = await authenticate(requestWith(`DPoP ${token}`, await key.prove(token)));
      const again = await caller.renew?.();
      expect(again).to.deep.include({ id: helper.id, scheme: 'DPoP', permissions: caller.permissions });
      await admin.base.roles.setRolesOf(acme.id, { kind: 'user', id: helper.id }, []);
      expect([...((await again?.renew?.())?.permissions ?? ['some'])]).to.deep.equal([]);
      await admin.base.db.query(`update users set status = 'disabled' where tenant_id = $1 and id = $2`, [
        acme.id,
        helper.id,
      ]);
      await refused(caller.renew?.() ?? expect.fail('it always stands'));
    });

    it('is nobody once the key is revoked', async () => {
      const made = await authority.apiKeys.create(acme.id, {
        name: 'script in the midst',
        permissions: ['users:read'],
        createdBy: 'the test',
        expiresAt: new Date(Date.now() + 60_000),
      });
      const caller = await asBearer(made.key);
      expect(await caller.renew?.()).to.deep.include({ id: made.id, permissions: new Set(['users:read']) });
      await authority.apiKeys.remove(acme.id, made.id);
      await refused(caller.renew?.() ?? expect.fail('it always stands'));
    });
  });

  describe('with a token that is bound to a key', () => {
    const bound = async () => {
      const key = await aProofKey();
      return { key, token: await asOwner({ claims: { cnf: { jkt: key.thumbprint } } }) };
    };
    const asBound = (token: string, proof?: string) => authenticate(requestWith(`DPoP ${token}`, proof));

    it('is who proves to have the key, once for each proof', async () => {
      const { key, token } = await bound();
      const proof = await key.prove(token);
      expect(await asBound(token, proof)).to.include({ id: owner.id, scheme: 'DPoP' });
      expect(await refused(asBound(token, proof))).to.match(/^DPoP error="invalid_dpop_proof", algs="ES256 /);
      await asBound(token, await key.prove(token));
      const another = await key.prove(token);
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => asBound(token, another)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    });

    it('is nobody without the scheme, the proof or the key', async () => {
      const { key, token } = await bound();
      expect(await refused(authenticate(requestWith(`Bearer ${token}`, await key.prove(token))))).to.match(
        /^Bearer error/,
      );
      await refused(asBound(token));
      await refused(asBound(token, await (await aProofKey()).prove(token)));
      await refused(asBound(token, 'no proof'));
      const unbound = await asOwner();
      expect(await refused(asBound(unbound, await key.prove(unbound)))).to.match(/^DPoP error="invalid_token"/);
    });

    const now = () => Date.now() / 1000;
    const UNFIT: Record<string, () => [Record<string, unknown>, Record<string, unknown>?]> = {
      'of another method': () => [{ htm: 'POST' }],
      'of another address': () => [{ htu: 'http://localhost:3000/admin/v1/other' }],
      'of another token': () => [{ ath: 'somethingelse' }],
      'of no token': () => [{ ath: undefined }],
      'without an id': () => [{ jti: undefined }],
      'that is too old': () => [{ iat: now() - 200 }],
      'from the future': () => [{ iat: now() + 200 }],
      'of another type': () => [{}, { typ: 'JWT' }],
    };
    for (const [what, parts] of Object.entries(UNFIT)) {
      it(`is nobody with a proof ${what}`, async () => {
        const { key, token } = await bound();
        expect(await refused(asBound(token, await key.prove(token, ...parts())))).to.include('invalid_dpop_proof');
      });
    }
  });
});
