// The directory's contract: what a password proves.

import { expect } from 'chai';

import type { DirectoryUnderTest } from './directory.ts';

const ACCEPTED = { ok: true, value: {} };

export function describeBind(subject: DirectoryUnderTest): void {
  const { dialect, open, found, dnOf } = subject;
  const refused = (reason: string) => ({ ok: false, reason });

  it('tells the right password from any other', async () => {
    const { directory } = subject;
    const bob = await found('bob');
    expect(await directory.bind(bob, 'bob-password')).to.deep.equal(ACCEPTED);
    const wrong = ['cay-password', 'Bob-password', 'bob-password ', '*'];
    const neverSent = ['', '\0', '\0\0', 'bob-password\0', '\0bob-password', 'x'.repeat(100_000)];
    for (const password of [...wrong, ...neverSent]) {
      const label = JSON.stringify(password.slice(0, 20));
      expect(await directory.bind(bob, password), label).to.deep.equal(refused('bad-credentials'));
    }
    expect(await directory.bind(bob, 'bob-password')).to.deep.equal(ACCEPTED);
  });

  it('takes names and passwords of any characters', async () => {
    const { directory } = subject;
    expect(await directory.bind(await found('zoë'), 'pässwörd-☃')).to.deep.equal(ACCEPTED);
    expect(await directory.bind(await found('zoë'), 'password')).to.deep.equal(refused('bad-credentials'));
    expect(await directory.bind(await found('o, (brien)*'), 'o, (brien)*-password')).to.deep.equal(ACCEPTED);
  });

  for (const { name, right, wrong } of dialect.states) {
    it(`tells of somebody ${name} what the server tells: ${right}; ${wrong} after a wrong password`, async () => {
      const { directory } = subject;
      const user = await found(name);
      expect(await directory.bind(user, 'wrong')).to.deep.equal(refused(wrong));
      const outcome = await directory.bind(user, `${name}-password`);
      if (right === 'passwordExpiresIn' || right === 'graceLoginsLeft') {
        expect(outcome).to.have.property('value').that.has.property(right).that.is.greaterThan(0);
      } else {
        expect(outcome).to.deep.equal(refused(right));
      }
      expect(await directory.bind(user, 'wrong')).to.deep.equal(refused(wrong));
    });
  }

  it('refuses who is disabled by a rule of the settings, and tells so only after the right password', async () => {
    const strict = open({ users: { disabled: [{ attribute: 'employeeType', value: 'Left' }] } });
    const gone = await found('gone', strict);
    expect(gone.state).to.equal('disabled');
    expect(await strict.bind(gone, 'gone-password')).to.deep.equal(refused('disabled'));
    expect(await strict.bind(gone, 'wrong')).to.deep.equal(refused('bad-credentials'));
    expect(await subject.directory.bind(await found('gone'), 'gone-password')).to.deep.equal(ACCEPTED);
  });

  it('is locked after five failures, for the right password too', async () => {
    const { directory } = subject;
    const unlucky = await found('unlucky');
    for (let failure = 0; failure < 5; failure += 1) {
      expect(await directory.bind(unlucky, 'wrong')).to.deep.equal(refused('bad-credentials'));
    }
    expect(await directory.bind(unlucky, 'unlucky-password')).to.deep.equal(refused('locked'));
    expect((await found('unlucky')).state).to.equal('enabled');
  });

  it('answers each of many at once', async () => {
    const people = await Promise.all(['ann', 'cay', 'dee', 'eve', 'flo'].map((login) => found(login)));
    const attempts = [...people, ...people, ...people, ...people].map((user, index) => ({
      user,
      right: index % 3 !== 0,
    }));
    const answers = await Promise.all(
      attempts.map(({ user, right }) => subject.directory.bind(user, right ? `${user.username}-password` : 'wrong')),
    );
    expect(answers.map(({ ok }) => ok)).to.deep.equal(attempts.map(({ right }) => right));
  });

  it('binds as nobody without telling anything', async () => {
    for (const password of ['wrong', '', 'ann-password'])
      expect(await subject.directory.bindNobody(password)).to.equal(undefined);
  });

  it('proves nothing for an entry that is gone', async () => {
    const ghost = { ...(await found('bob')), dn: dnOf('ghost') };
    expect(await subject.directory.bind(ghost, 'bob-password')).to.deep.equal(refused('bad-credentials'));
  });
}
