import { expect } from 'chai';

import { writeResult } from '../../src/demo/directory/responses.ts';
import type { DirectoryUser } from '../../src/directory/directory.ts';
import { createLdapDirectory } from '../../src/directory/directory-ldap.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { answeringServer, answerWell, directoryAt, expectUnavailable } from './directory-fake-server.ts';

const ANN: DirectoryUser = { stableId: 'a', dn: 'uid=ann,dc=a', username: 'ann', profile: {}, state: 'enabled' };

describe('whether passwords are changed', () => {
  type Mode = 'none' | 'starttls';
  for (const [urls, mode, preset, changes] of [
    [['ldap://ldap.example.com'], 'starttls', 'openldap', true],
    [['ldaps://ldap.example.com'], 'starttls', 'openldap', true],
    [['ldap://ldap.example.com'], 'none', 'openldap', false],
    [['ldap://127.0.0.1', 'ldap://ldap.example.com'], 'none', 'openldap', false],
    [['ldap://127.0.0.1:3890', 'ldap://[::1]'], 'none', 'openldap', true],
    [['ldap://ldap.example.com'], 'none', 'activedirectory', false],
  ] satisfies [string[], Mode, 'openldap' | 'activedirectory', boolean][]) {
    it(`is ${String(changes)} at ${urls.join(' and ')}, ${mode}, ${preset}`, async () => {
      const settings = directorySettings.parse({ preset, urls, tls: { mode }, bindDn: 'cn=service', baseDn: 'dc=a' });
      const directory = createLdapDirectory({ name: 'corp', settings, bindPassword: 'service-password' });
      expect(directory.changesPasswords).to.equal(changes);
      if (changes) return;
      const outcome = await directory.changePassword(ANN, 'current', 'next');
      expect(outcome).to.deep.equal({ ok: false, reason: 'not-allowed' });
    });
  }
});

describe('a change of password', () => {
  it('tells which server could not do it', async () => {
    const { url } = await answeringServer((request, socket) => {
      answerWell(request, socket);
      if (request.operation.kind === 'extended')
        socket.write(writeResult(request.id, 'extended', { code: 'operationsError' }));
    });
    await expectUnavailable(
      directoryAt([url]).changePassword(ANN, 'current', 'next'),
      /^127.0.0.1:\d+: extended: LDAP result 1$/,
    );
  });

  it('is sent once, though the server hangs up on it', async () => {
    let sent = 0;
    const { url } = await answeringServer((request, socket) => {
      answerWell(request, socket);
      if (request.operation.kind !== 'extended') return;
      sent += 1;
      socket.destroy();
    });
    await expectUnavailable(directoryAt([url, url]).changePassword(ANN, 'current', 'next'), /closed/);
    expect(sent).to.equal(1);
  });

  it('is not sent where the person’s own bind proves nothing', async () => {
    const { url } = await answeringServer(({ id, operation }, socket) => {
      if (operation.kind !== 'bind') throw new Error(`${operation.kind} was sent`);
      const code = operation.dn === ANN.dn ? 'operationsError' : 'success';
      socket.write(writeResult(id, 'bind', { code }));
    });
    await expectUnavailable(
      directoryAt([url]).changePassword(ANN, 'current', 'next'),
      /^127.0.0.1:\d+: bind: LDAP result 1$/,
    );
  });
});
