import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';
import {
  AddRequest,
  AndFilter,
  Attribute,
  BindRequest,
  Change,
  Client,
  CompareRequest,
  DeleteRequest,
  EqualityFilter,
  ExtendedRequest,
  ExtensibleFilter,
  ModifyDNRequest,
  ModifyRequest,
  NotFilter,
  PagedResultsControl,
  PasswordPolicyControl,
  SearchRequest,
  SubstringFilter,
} from 'ldapts';

import { startEmbeddedDirectory } from '../../src/demo/directory/embedded-directory.ts';
import { atEnd } from '../support/global-teardown.ts';
import { seededRandom } from '../support/seeded-random.ts';

const suffix = 'dc=fake,dc=test';
const admin = { dn: `cn=admin,${suffix}`, password: 'admin-password' };
const messageId = 2;
const dn = `ou=there,${suffix}`;

/** One of each request, as a sound client sends it. */
function requests(): Buffer[] {
  const equal = new EqualityFilter({ attribute: 'ou', value: 'there' });
  const filter = new AndFilter({
    filters: [
      new NotFilter({ filter: equal }),
      new SubstringFilter({ attribute: 'ou', initial: 't', any: ['h', 'e'], final: 'e' }),
      new ExtensibleFilter({ matchType: 'member', rule: '1.2.840.113556.1.4.1941', value: dn, dnAttributes: true }),
    ],
  });
  const attribute = new Attribute({ type: 'description', values: ['one', 'two'] });
  const paged = new PagedResultsControl({ value: { size: 2, cookie: Buffer.from('1') } });
  return [
    new BindRequest({ messageId, ...admin, controls: [new PasswordPolicyControl()] }),
    new SearchRequest({ messageId, baseDN: suffix, filter, attributes: ['*', '+'], controls: [paged] }),
    new CompareRequest({ messageId, dn, attribute: 'ou', value: 'there' }),
    new AddRequest({ messageId, dn: `ou=new,${suffix}`, attributes: [attribute] }),
    new ModifyRequest({ messageId, dn, changes: [new Change({ operation: 'add', modification: attribute })] }),
    new ModifyDNRequest({ messageId, dn, newRdn: 'ou=elsewhere', newSuperior: suffix }),
    new DeleteRequest({ messageId, dn: `ou=gone,${suffix}` }),
    new ExtendedRequest({
      messageId,
      oid: '1.3.6.1.4.1.4203.1.11.1',
      value: Buffer.from('300a8002647881026f6c8200', 'hex'),
    }),
  ].map((request) => request.write());
}

describe('the embedded directory', () => {
  it('outlives 4000 broken requests, and goes on to serve', async () => {
    const ldif = `dn: ${suffix}\nobjectClass: domain\n\ndn: ${dn}\nobjectClass: organizationalUnit\n`;
    const server = await startEmbeddedDirectory({ ldif, suffix, admin });
    atEnd(() => server.close());
    const random = seededRandom(1_959_113);
    const sound = requests();
    const bind = new BindRequest({ messageId: 1, ...admin }).write();

    const started = performance.now();
    for (let round = 0; round < 4000; round += 1) {
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      const closed = once(socket.resume(), 'close');
      socket.end(Buffer.concat([bind, mutated(sound[round % sound.length] ?? bind, random)]));
      await closed;
    }
    expect(performance.now() - started).to.be.lessThan(20_000);

    const client = new Client({ url: server.url, timeout: 2000 });
    await client.bind(admin.dn, admin.password);
    const { searchEntries } = await client.search(suffix, { scope: 'base' });
    expect(searchEntries).to.have.length(1);
    await client.unbind();
  });
});

/** Changes, drops or repeats a few bytes; mostly keeps the outer length true, so that the damage is further in. */
function mutated(message: Buffer, random: (limit: number) => number): Buffer {
  const bytes = [...message];
  for (let change = random(3); change >= 0; change -= 1) {
    const at = 2 + random(bytes.length - 2);
    const kind = random(4);
    if (kind === 0) bytes.splice(at, 1);
    else if (kind === 1) bytes.splice(at, 0, ...bytes.slice(at, at + 1 + random(8)));
    else bytes[at] = kind === 2 ? random(256) : ([0x00, 0x7f, 0x80, 0x84, 0xff][random(5)] ?? 0);
  }
  if (random(5) > 0 && bytes.length < 0x80) bytes[1] = bytes.length - 2;
  return Buffer.from(bytes);
}
