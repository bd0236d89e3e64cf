import { expect } from 'chai';

import type { LdapRequest } from '../../src/demo/directory/requests.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import type { LdapClient } from '../../src/directory/ldap/client.ts';
import { ldapClient } from '../../src/directory/ldap/client.ts';
import { present } from '../../src/directory/ldap/filter.ts';
import { ldapServers } from '../../src/directory/ldap/server-access.ts';
import { atEnd } from '../support/global-teardown.ts';
import { answeringServer, answerWell, directoryAt, expectUnavailable, result } from './directory-fake-server.ts';

const SERVICE = 'cn=service,dc=fake,dc=test';
const ann = { stableId: 'x', dn: 'uid=ann,dc=fake,dc=test', username: 'ann', profile: {}, state: 'enabled' as const };

/** Counts the binds of the service account, each of which counts towards locking it where it is refused. */
async function countingServer() {
  const service = { refused: true, binds: 0 };
  const isService = ({ operation }: LdapRequest): boolean => operation.kind === 'bind' && operation.dn === SERVICE;
  const { url } = await answeringServer((request, socket) => {
    if (isService(request)) service.binds += 1;
    if (isService(request) && service.refused) socket.write(result(request.id, 0x61, 49));
    else answerWell(request, socket);
  });
  return { url, service };
}

function clientAt(urls: string[]): LdapClient {
  const settings = directorySettings.parse({ urls, tls: { mode: 'none' }, bindDn: SERVICE, baseDn: 'dc=fake,dc=test' });
  const client = ldapClient(ldapServers(settings), { settings, bindPassword: 'service-password' });
  atEnd(async () => client.close());
  return client;
}

describe('a service account that the server refuses', () => {
  it('is tried once, however many people wait and come later', async () => {
    const { url, service } = await countingServer();
    const directory = directoryAt([url], { connectTimeoutMs: 2000 });
    for (const _ of ['at first', 'later']) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          await expectUnavailable(directory.find('ann'), /LDAP result 49/);
          await expectUnavailable(directory.bind(ann, 'ann-password'), /LDAP result 49/);
        }),
      );
    }
    expect(service.binds).to.equal(1);
  });

  it('is tried once for connections of somebody’s own as well, and the next server serves', async () => {
    const [first, second] = [await countingServer(), await countingServer()];
    [first, second].forEach(({ service }) => (service.refused = false));
    const client = clientAt([first.url, second.url]);
    await client.search({ base: '', scope: 'sub', filter: present('uid'), attributes: ['uid'] });
    first.service.refused = true;
    const { binds } = first.service;
    for (let times = 0; times < 3; times += 1) {
      const { code } = await client.once((connection) => connection.bind(ann.dn, 'ann-password'));
      expect(code).to.equal(0);
    }
    expect([first.service.binds - binds, second.service.binds]).to.deep.equal([1, 3]);
  });
});
