// The directory's contract: whom a name and an id mean, and what is told of them.

import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { comparableDn } from '../../src/directory/distinguished-name.ts';
import { eventually } from '../support/eventually.ts';
import { deleting, renaming, replacing } from '../support/ldif.ts';
import type { DirectoryUnderTest } from './directory.ts';

export function describePeople(subject: DirectoryUnderTest): void {
  const { dialect, open, found, dnOf } = subject;

  it('reads a person by the login attributes, whatever the case', async () => {
    const ann = await found('ann');
    expect(ann.stableId).to.match(dialect.stableId);
    expect(comparableDn(ann.dn)).to.equal(comparableDn(dnOf('ann')));
    expect(ann).to.include({ username: 'ann', state: 'enabled' });
    expect(ann.profile).to.deep.equal(dialect.profileOfAnn);
    for (const login of ['ANN', 'ann@fixture.test', 'Ann.Anderson@Fixture.TEST']) {
      expect((await found(login)).stableId, login).to.equal(ann.stableId);
    }
    const fullWidth = await subject.directory.find('ａｎｎ');
    expect(fullWidth.ok).to.equal(dialect.foldsWidth);
  });

  it('takes every character of a login for itself', async () => {
    const unknown = [
      ...['nobody', '*', 'a*', 'a*)(uid=*', 'ann)(uid=*', '(uid=ann)', '\\2a', '\\61nn', 'ann,ou=people', '#ann'],
      ...['EXTERNAL', 'PLAIN', '', ' ', 'ann\0', '\0', 'ann\n', 'ann\u0085', dnOf('ann'), 'a'.repeat(300)],
    ];
    for (const login of unknown) {
      const outcome = await subject.directory.find(login);
      expect(outcome, JSON.stringify(login)).to.deep.equal({ ok: false, reason: 'unknown' });
    }
    for (const login of ['o, (brien)*', 'zoë']) {
      expect(comparableDn((await found(login)).dn), login).to.equal(comparableDn(dnOf(login)));
    }
  });

  it('names nobody where two are meant', async () => {
    expect(await subject.directory.find('twin')).to.deep.equal({ ok: false, reason: 'ambiguous' });
    expect((await found('other')).username).to.equal('other');
  });

  it('looks where and for whom the settings say', async () => {
    const attributes = { nickname: dialect.username, name: ['o', 'sn'] };
    const byMail = open({ users: { login: ['mail'], attributes } });
    expect(await byMail.find('ann')).to.deep.equal({ ok: false, reason: 'unknown' });
    const { profile } = await found('ann@fixture.test', byMail);
    expect(profile).to.deep.include({ nickname: 'ann', name: 'Fixture' });

    const users = { filter: '(!(employeeType=guest))' };
    const withoutGuests = open({ users, userBaseDn: `ou=people,${subject.base}` });
    expect((await found('visitor')).username).to.equal('visitor');
    expect(await withoutGuests.find('visitor')).to.deep.equal({ ok: false, reason: 'unknown' });
    expect((await found('ann', withoutGuests)).username).to.equal('ann');

    const elsewhere = open({ userBaseDn: `ou=former,${subject.base}` });
    expect(await elsewhere.find('ann')).to.deep.equal({ ok: false, reason: 'unknown' });
  });

  it('tells of each account whether it may be used', async () => {
    for (const { name, entry } of dialect.states) expect((await found(name)).state, name).to.equal(entry);
  });

  it('tells the time of a new password, where the server keeps it, and of nothing else', async () => {
    const isTold = { always: [true, true], 'after a change': [false, true], never: [false, false] };
    const [atFirst, afterwards] = isTold[dialect.tellsPasswordTime];
    const bob = await found('bob');
    expect('passwordChangedAt' in bob).to.equal(atFirst);
    await subject.server.modify(replacing(dnOf('bob'), 'description', 'changed'));
    expect((await found('bob')).passwordChangedAt).to.deep.equal(bob.passwordChangedAt);

    // Whole seconds, of the server's clock.
    const before = Date.now() - 1000;
    await subject.server.modify(dialect.setPassword(dnOf('renewer'), 'another-password'));
    // 389-ds writes the time down after it has answered.
    const renewer = await eventually('the time of the new password', async () => {
      const user = await found('renewer');
      return (!afterwards || (user.passwordChangedAt?.getTime() ?? 0) >= before) && user;
    });
    expect('passwordChangedAt' in renewer).to.equal(afterwards);
    expect(renewer.passwordChangedAt?.getTime() ?? before).to.be.most(Date.now());
    expect(await subject.directory.findByStableId(renewer.stableId)).to.deep.equal(renewer);
  });

  it('follows a person by the id through a new name and a new place, in the same groups', async () => {
    const { directory, server, base } = subject;
    const { stableId } = await found('mover');
    await server.modify(dialect.rename(dnOf('mover'), 'renamed'));
    const renamed = await directory.findByStableId(stableId);
    expect(renamed).to.include({ stableId, username: 'renamed' });
    expect(comparableDn(renamed?.dn ?? '')).to.equal(comparableDn(dnOf('renamed')));
    expect((await directory.find(`mover`)).ok).to.equal(false);

    await server.modify(renaming(dnOf('renamed'), `${dialect.naming}=renamed`, `ou=former,${base}`));
    const moved = await found('renamed');
    expect(moved).to.include({ stableId });
    expect(comparableDn(moved.dn)).to.equal(comparableDn(`${dialect.naming}=renamed,ou=former,${base}`));
    expect(await directory.bind(moved, 'mover-password')).to.deep.equal({ ok: true, value: {} });
    await eventually('the group knows the new name', async () => {
      const groups = await directory.groupsOf(moved);
      return groups.some((group) => group.name === 'movers');
    });
  });

  it('knows by the id who is gone, though somebody of the same name came, and nobody by a made-up id', async () => {
    const { directory, server } = subject;
    const leaver = await found('leaver');
    expect(await directory.findByStableId(leaver.stableId)).to.deep.equal(leaver);
    await server.modify(deleting(dnOf('leaver')));
    expect(await directory.findByStableId(leaver.stableId)).to.equal(undefined);
    await server.modify(dialect.person(dnOf('leaver'), 'leaver', {}));
    expect(await directory.findByStableId(leaver.stableId)).to.equal(undefined);
    expect((await found('leaver')).stableId).not.to.equal(leaver.stableId);
    for (const id of ['', '*', 'ann', '\0', randomUUID(), 'x'.repeat(300)]) {
      expect(await directory.findByStableId(id), id).to.equal(undefined);
    }
  });
}
