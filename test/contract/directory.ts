// What every directory does, whichever server is behind it. Each server calls `describeDirectory` with the way to reach it.

import { randomUUID } from 'node:crypto';

import { expect } from 'chai';
import type { z } from 'zod';

import type { Directory, DirectoryUser } from '../../src/directory/directory.ts';
import { createLdapDirectory } from '../../src/directory/directory-ldap.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { AppError } from '../../src/errors.ts';
import { eventually } from '../support/eventually.ts';
import type { Account } from '../support/slapd.ts';
import { ldapmodify } from '../support/slapd.ts';
import { directoryFixture } from './directory-fixture.ts';

type Settings = z.input<typeof directorySettings>;

export interface DirectoryServer {
  /** How the directory under test reaches it. */
  connection: Pick<Settings, 'urls' | 'tls'>;
  /** Where the tests change it, as `admin`. */
  adminUrl: string;
  suffix: string;
  admin: Account;
  service: Account;
}

export function describeDirectory(name: string, start: () => Promise<DirectoryServer>): void {
  describe(`directory: ${name}`, () => {
    let server: DirectoryServer;
    let base: string;
    let directory: Directory;
    const opened: Directory[] = [];

    function open(settings: Partial<Settings> = {}, bindPassword = server.service.password): Directory {
      const defaults = { ...server.connection, bindDn: server.service.dn, baseDn: base };
      const parsed = directorySettings.parse({ ...defaults, ...settings });
      const made = createLdapDirectory({ name: 'corp', settings: parsed, bindPassword });
      opened.push(made);
      return made;
    }

    async function found(login: string, from = directory): Promise<DirectoryUser> {
      const outcome = await from.find(login);
      if (!outcome.ok) throw new Error(`${login}: ${outcome.reason}`);
      return outcome.value;
    }

    const change = (ldif: string): Promise<void> => ldapmodify(server.adminUrl, server.admin, ldif);
    const dnOf = (uid: string): string => `uid=${uid},ou=people,${base}`;

    before(async () => {
      server = await start();
      base = `o=fixture-${randomUUID()},${server.suffix}`;
      await change(directoryFixture(base));
      directory = open();
    });

    after(async () => {
      for (const each of opened) await each.close();
    });

    describe('find', () => {
      it('reads a person by the login attributes, whatever the case', async () => {
        const ann = await found('ann');
        expect(ann.stableId).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(ann).to.deep.include({ dn: dnOf('ann'), username: 'ann', state: 'enabled' as const });
        expect(ann.profile).to.deep.equal({
          name: 'Ann Anderson',
          givenName: 'Ann',
          familyName: 'Fixture',
          email: 'ann@fixture.test',
          phoneNumber: '+1 555 0100',
          locale: 'en',
        });
        for (const login of ['ANN', 'ann@fixture.test', 'Ann.Anderson@Fixture.TEST', 'ａｎｎ']) {
          expect((await found(login)).stableId, login).to.equal(ann.stableId);
        }
      });

      it('takes every character of a login for itself', async () => {
        const unknown = [
          ...['nobody', '*', 'a*', 'a*)(uid=*', 'ann)(uid=*', '(uid=ann)', '\\2a', '\\61nn', 'ann,ou=people', '#ann'],
          ...['EXTERNAL', 'PLAIN', '', ' ', 'ann\0', '\0', 'ann\n', 'ann\u0085', dnOf('ann'), 'a'.repeat(300)],
        ];
        for (const login of unknown) {
          expect(await directory.find(login), JSON.stringify(login)).to.deep.equal({ ok: false, reason: 'unknown' });
        }
        expect((await found('o, (brien)*')).username).to.equal('o, (brien)*');
        expect((await found('zoë')).username).to.equal('zoë');
      });

      it('names nobody where two are meant', async () => {
        expect(await directory.find('twin')).to.deep.equal({ ok: false, reason: 'ambiguous' });
        expect((await found('other')).username).to.equal('other');
      });

      it('looks where and for whom the settings say', async () => {
        const byMail = open({ users: { login: ['mail'], attributes: { nickname: 'uid', name: ['o', 'sn'] } } });
        expect(await byMail.find('ann')).to.deep.equal({ ok: false, reason: 'unknown' });
        const { profile } = await found('ann@fixture.test', byMail);
        expect(profile).to.deep.include({ nickname: 'ann', name: 'Fixture' });

        const withoutGuests = open({ users: { filter: '(!(employeeType=guest))' }, userBaseDn: `ou=people,${base}` });
        expect((await found('guest')).username).to.equal('guest');
        expect(await withoutGuests.find('guest')).to.deep.equal({ ok: false, reason: 'unknown' });
        expect((await found('ann', withoutGuests)).username).to.equal('ann');

        const elsewhere = open({ userBaseDn: `ou=former,${base}` });
        expect(await elsewhere.find('ann')).to.deep.equal({ ok: false, reason: 'unknown' });
      });
    });

    describe('the time of a new password', () => {
      it('is told, whoever set it', async () => {
        const before = Date.now();
        await change(`dn: ${dnOf('renewer')}\nchangetype: modify\nreplace: userPassword\nuserPassword: another\n`);
        const renewer = await found('renewer');
        // Whole seconds, of the server's clock.
        expect(renewer.passwordChangedAt?.getTime()).to.be.within(before - 1000, Date.now());
        expect(await directory.findByStableId(renewer.stableId)).to.deep.equal(renewer);
      });

      it('stays unsaid where there was none, and where the entry changed in other ways', async () => {
        expect(await found('bob')).not.to.have.property('passwordChangedAt');
        await change(`dn: ${dnOf('bob')}\nchangetype: modify\nreplace: description\ndescription: changed\n`);
        expect(await found('bob')).not.to.have.property('passwordChangedAt');
      });
    });

    describe('bind', () => {
      it('tells the right password from any other', async () => {
        const bob = await found('bob');
        expect(await directory.bind(bob, 'bob-password')).to.deep.equal({ ok: true, value: {} });
        const wrong = ['cay-password', 'Bob-password', 'bob-password ', '*'];
        const neverSent = ['', '\0', '\0\0', 'bob-password\0', '\0bob-password', 'x'.repeat(100_000)];
        for (const password of [...wrong, ...neverSent]) {
          const label = JSON.stringify(password.slice(0, 20));
          expect(await directory.bind(bob, password), label).to.deep.equal({ ok: false, reason: 'bad-credentials' });
        }
        expect(await directory.bind(bob, 'bob-password')).to.deep.equal({ ok: true, value: {} });
      });

      it('takes names and passwords of any characters', async () => {
        expect(await directory.bind(await found('zoë'), 'pässwörd-☃')).to.deep.equal({ ok: true, value: {} });
        expect(await directory.bind(await found('zoë'), 'password')).to.deep.include({ reason: 'bad-credentials' });
        const brien = await found('o, (brien)*');
        expect(await directory.bind(brien, 'o\\, (brien)*-password')).to.deep.equal({ ok: true, value: {} });
      });

      it('tells why a right password is not enough', async () => {
        const locked = await found('locked');
        expect(locked.state).to.equal('disabled');
        expect(await directory.bind(locked, 'locked-password')).to.deep.equal({ ok: false, reason: 'locked' });
        const changer = await found('changer');
        expect(await directory.bind(changer, 'changer-password')).to.deep.equal({ ok: false, reason: 'must-change' });
        expect(await directory.bind(changer, 'wrong')).to.deep.equal({ ok: false, reason: 'bad-credentials' });
      });

      it('refuses who is disabled by a rule of the settings, and tells so only after the right password', async () => {
        const strict = open({ users: { disabled: [{ attribute: 'employeeType', value: 'Left' }] } });
        const gone = await found('gone', strict);
        expect(gone.state).to.equal('disabled');
        expect(await strict.bind(gone, 'gone-password')).to.deep.equal({ ok: false, reason: 'disabled' });
        expect(await strict.bind(gone, 'wrong')).to.deep.equal({ ok: false, reason: 'bad-credentials' });
        expect(await directory.bind(await found('gone'), 'gone-password')).to.deep.equal({ ok: true, value: {} });
      });

      it('is locked after five failures, for the right password too', async () => {
        const unlucky = await found('unlucky');
        for (let failure = 0; failure < 5; failure += 1) {
          expect(await directory.bind(unlucky, 'wrong')).to.deep.equal({ ok: false, reason: 'bad-credentials' });
        }
        expect(await directory.bind(unlucky, 'unlucky-password')).to.deep.equal({ ok: false, reason: 'locked' });
        expect((await found('unlucky')).state).to.equal('enabled');
      });

      it('answers each of many at once', async () => {
        const people = await Promise.all(['ann', 'cay', 'dee', 'eve', 'flo'].map((login) => found(login)));
        const attempts = [...people, ...people, ...people, ...people].map((user, index) => ({
          user,
          right: index % 3 !== 0,
        }));
        const answers = await Promise.all(
          attempts.map(({ user, right }) => directory.bind(user, right ? `${user.username}-password` : 'wrong')),
        );
        expect(answers.map(({ ok }) => ok)).to.deep.equal(attempts.map(({ right }) => right));
      });

      it('binds as nobody without telling anything', async () => {
        for (const password of ['wrong', '', 'ann-password'])
          expect(await directory.bindNobody(password)).to.equal(undefined);
      });

      it('proves nothing for an entry that is gone', async () => {
        const ghost = { ...(await found('ann')), dn: dnOf('ghost') };
        expect(await directory.bind(ghost, 'ann-password')).to.deep.equal({ ok: false, reason: 'bad-credentials' });
      });
    });

    describe('findByStableId', () => {
      it('follows a person through a new name and a new place, in the same groups', async () => {
        const { stableId } = await found('mover');
        await change(`dn: ${dnOf('mover')}\nchangetype: modrdn\nnewrdn: uid=renamed\ndeleteoldrdn: 1\n`);
        const renamed = await directory.findByStableId(stableId);
        expect(renamed).to.deep.include({ stableId, dn: dnOf('renamed'), username: 'renamed' });
        expect(await directory.find('mover')).to.deep.equal({ ok: false, reason: 'unknown' });

        const moving = [
          'changetype: modrdn',
          'newrdn: uid=renamed',
          'deleteoldrdn: 1',
          `newsuperior: ou=former,${base}`,
        ];
        await change([`dn: ${dnOf('renamed')}`, ...moving, ''].join('\n'));
        const moved = await found('renamed');
        expect(moved).to.deep.include({ stableId, dn: `uid=renamed,ou=former,${base}` });
        expect(await directory.bind(moved, 'mover-password')).to.deep.equal({ ok: true, value: {} });
        await eventually('the group knows the new name', async () => {
          const groups = await directory.groupsOf(moved);
          return groups.some((group) => group.name === 'movers');
        });
      });

      it('knows who is gone, and nobody by a made-up id', async () => {
        const leaver = await found('leaver');
        expect(await directory.findByStableId(leaver.stableId)).to.deep.equal(leaver);
        await change(`dn: ${leaver.dn}\nchangetype: delete\n`);
        expect(await directory.findByStableId(leaver.stableId)).to.equal(undefined);
        for (const id of ['', '*', 'ann', '\0', randomUUID(), 'x'.repeat(300)]) {
          expect(await directory.findByStableId(id), id).to.equal(undefined);
        }
      });
    });

    describe('groupsOf', () => {
      const shape = (groups: Awaited<ReturnType<Directory['groupsOf']>>) =>
        groups
          .map(({ dn, via }) => [dn, ...via].map((each) => each.replace(`,${base}`, '').replace(',ou=groups', '')))
          .sort((a, b) => (String(a) < String(b) ? -1 : 1));

      const ofAnn = [
        ['cn=engineering', 'cn=platform'],
        ['cn=everybody', 'cn=shortcut'],
        ['cn=managers'],
        ['cn=managers,ou=sales'],
        ['cn=platform'],
        ['cn=shortcut'],
        ['cn=staff', 'cn=platform', 'cn=engineering'],
        ['cn=unique'],
      ];

      it('finds direct and nested groups, each once and by the shortest path', async () => {
        expect(shape(await directory.groupsOf(await found('ann')))).to.deep.equal(ofAnn);
        expect(await directory.groupsOf(await found('solo'))).to.deep.equal([]);
      });

      it('finds the same by memberOf', async () => {
        const byMemberOf = open({ groups: { memberOf: 'memberOf' } });
        const withoutUnique = ofAnn.filter(([dn]) => dn !== 'cn=unique');
        const groups = await byMemberOf.groupsOf(await found('ann'));
        expect(shape(groups.filter(({ name }) => name !== 'unique'))).to.deep.equal(withoutUnique);
        expect(await byMemberOf.groupsOf(await found('solo'))).to.deep.equal([]);
      });

      it('keeps two groups of one name apart', async () => {
        const groups = await directory.groupsOf(await found('ann'));
        const managers = groups.filter(({ name }) => name === 'managers');
        expect(new Set(managers.map(({ id }) => id)).size).to.equal(2);
        expect(managers.map(({ nameIsUnique }) => nameIsUnique)).to.deep.equal([false, false]);
        expect(groups.find(({ name }) => name === 'platform')).to.include({ nameIsUnique: true });
      });

      it('comes out of a circle', async () => {
        expect(shape(await directory.groupsOf(await found('circler')))).to.deep.equal([
          ['cn=circle-a'],
          ['cn=circle-b', 'cn=circle-a'],
          ['cn=circle-c', 'cn=circle-a', 'cn=circle-b'],
        ]);
      });

      it('goes as deep and as wide as the settings say', async () => {
        const names = async (settings: Partial<Settings>) => {
          const groups = await open(settings).groupsOf(await found('ann'));
          return groups.map(({ name }) => name).sort();
        };
        const direct = ['managers', 'managers', 'platform', 'shortcut', 'unique'];
        expect(await names({ groups: { depth: 0 } })).to.deep.equal(direct);
        expect(await names({ groups: { depth: 1 } })).to.deep.equal([...direct, 'engineering', 'everybody'].sort());
        expect(await names({ groupBaseDn: `ou=sales,${base}` })).to.deep.equal(['managers']);
        expect(await names({ groups: { objectClass: ['groupOfUniqueNames'] } })).to.deep.equal(['unique']);
      });

      it('finds more groups than the server gives in one answer, for many at once', async () => {
        const small = open({ pageSize: 50 });
        const many = await found('many');
        const answers = await Promise.all(Array.from({ length: 5 }, () => small.groupsOf(many)));
        for (const groups of answers) expect(new Set(groups.map(({ name }) => name)).size).to.equal(120);
      });
    });

    describe('faults', () => {
      it('is unavailable, and no password wrong, when the service account is refused or the base is not there', async () => {
        const ann = await found('ann');
        for (const broken of [open({}, 'wrong'), open({}, ''), open({ baseDn: `o=nowhere,${server.suffix}` })]) {
          const operations = [
            () => broken.find('ann'),
            () => broken.findByStableId(ann.stableId),
            () => broken.groupsOf(ann),
          ];
          for (const operation of operations) {
            const error = await operation().then(
              () => undefined,
              (thrown: unknown) => thrown,
            );
            expect(error).to.be.instanceOf(AppError);
            expect(error).to.include({ code: 'directory_unavailable', status: 503 });
          }
        }
      });

      it('shows by probing which step fails', async () => {
        const steps = async (probed: Directory) =>
          (await probed.probe()).map(({ step, ok }) => `${step} ${String(ok)}`);
        const secured = server.connection.tls?.mode === 'none' ? [] : ['tls true'];
        expect(await steps(directory)).to.deep.equal(['connect true', ...secured, 'bind true', 'search true']);
        expect(await steps(open({}, 'wrong'))).to.deep.equal(['connect true', ...secured, 'bind false']);
        const nowhere = open({ groupBaseDn: `o=nowhere,${server.suffix}` });
        expect((await steps(nowhere)).slice(-2)).to.deep.equal(['search true', 'search false']);
      });
    });
  });
}
