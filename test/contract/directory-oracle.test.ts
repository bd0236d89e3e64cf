// The embedded directory answers as slapd does, asked the same by the same client over the same data.

import { readFile } from 'node:fs/promises';

import { expect } from 'chai';
import type { SearchOptions } from 'ldapts';
import { Attribute, BerWriter, Change, Client, Control, ResultCodeError } from 'ldapts';

import { startEmbeddedDirectory } from '../../src/demo/directory/embedded-directory.ts';
import { atEnd } from '../support/global-teardown.ts';
import { startSlapd } from '../support/slapd.ts';

const suffix = 'dc=demo,dc=test';
const acme = `o=acme,${suffix}`;
const ann = `uid=ann,ou=people,${acme}`;
const groups = `ou=groups,${acme}`;

describe('the embedded directory beside slapd', () => {
  let urls: string[];
  let admin: { dn: string; password: string };
  let service: { dn: string; password: string };

  before(async () => {
    const slapd = await startSlapd();
    ({ admin, service } = slapd);
    const ldif = await readFile(new URL('../../config/demo-directory.ldif', import.meta.url), 'utf8');
    const embedded = await startEmbeddedDirectory({ ldif, suffix, admin });
    atEnd(() => embedded.close());
    urls = [slapd.url, embedded.url];
  });

  /** What `conversation` comes to with slapd is what it comes to here. */
  async function expectSame(conversation: (client: Client) => Promise<unknown>): Promise<unknown> {
    const answers: unknown[] = [];
    for (const url of urls) {
      const client = new Client({ url, timeout: 5000 });
      try {
        answers.push(await conversation(client));
      } finally {
        await client.unbind();
      }
    }
    expect(answers[1]).to.deep.equal(answers[0]);
    return answers[0];
  }

  const searches: [base: string, options: SearchOptions][] = [
    [suffix, { scope: 'base' }],
    [acme, { scope: 'one' }],
    [acme, { scope: 'sub', attributes: ['1.1'] }],
    [acme, { scope: 'children', attributes: ['1.1'] }],
    [acme.toUpperCase(), { scope: 'sub', filter: '(uid=ANN)' }],
    [acme, { filter: '(&(objectClass=person)(|(uid=ann)(mail=TOM@acme.test)))' }],
    [acme, { filter: '(!(objectClass=inetOrgPerson))', attributes: ['objectClass'] }],
    [acme, { filter: '(mobile=*)', attributes: ['mobile'] }],
    [acme, { filter: '(cn=a*)' }],
    [acme, { filter: '(cn=*a*o*)' }],
    [acme, { filter: '(cn=*son)' }],
    [acme, { filter: '(mail=ann*acme*test)' }],
    [acme, { filter: '(mail=ann@*@acme.test)' }],
    [acme, { filter: '(cn~=ann anderson)' }],
    [acme, { filter: '(cn=  Ann   Anderson )' }],
    [suffix, { filter: '(sn=GRØNLAND)' }],
    [acme, { filter: '(cn:2.5.13.5:=Ann Anderson)' }],
    [acme, { filter: '(cn:2.5.13.5:=ann anderson)' }],
    [acme, { filter: '(ou:dn:=people)', attributes: ['1.1'] }],
    [acme, { filter: `(member=${ann})`, attributes: ['cn', 'member'] }],
    [acme, { filter: '(member=UID=Ann, OU=People, O=Acme, DC=Demo, DC=Test)', attributes: ['cn'] }],
    [acme, { filter: `(memberOf=cn=platform,${groups})`, attributes: ['uid', 'memberOf'] }],
    [acme, { filter: `(entryDN=${ann})`, attributes: ['entryDN', 'UID'] }],
    [acme, { filter: '(userPassword=*)' }],
    [acme, { filter: '(pwdReset=TRUE)', attributes: ['pwdReset'] }],
    [ann, { attributes: ['*', 'memberOf'] }],
    [ann, { returnAttributeValues: false }],
    [acme, { sizeLimit: 3, filter: '(uid=*)', attributes: ['1.1'], scope: 'base' }],
    [`o=nowhere,${suffix}`, {}],
    ['nonsense', {}],
  ];
  for (const [base, options] of searches) {
    it(`finds the same in ${base} by ${JSON.stringify(options)}`, async () => {
      await expectSame(async (client) => {
        await client.bind(service.dn, service.password);
        return outcome(async () => {
          const { searchEntries } = await client.search(base, { scope: 'sub', ...options });
          const entries = searchEntries.map((entry) =>
            Object.entries(entry).map(([name, values]) => [name, [values].flat().map(String).sort()]),
          );
          return entries.map((entry) => entry.sort(byText)).sort(byText);
        });
      });
    });
  }

  it('pages alike', async () => {
    const pages = await expectSame(async (client) => {
      await client.bind(service.dn, service.password);
      const sizes: number[] = [];
      const people = { filter: '(uid=*)', paged: { pageSize: 4 } };
      for await (const { searchEntries } of client.searchPaginated(suffix, people)) sizes.push(searchEntries.length);
      return sizes;
    });
    expect(pages).to.deep.equal([4, 2]);
  });

  const binds: [what: string, dn: string, password: string][] = [
    ['the right password', ann, 'ann-demo-1234'],
    ['a wrong password', ann, 'wrong'],
    ['no password', ann, ''],
    ['nobody', `uid=nobody,${acme}`, 'x'],
    ['an entry without a password', groups, 'x'],
    ['what is no DN', 'ann', 'ann-demo-1234'],
    ['somebody locked', `uid=lou,ou=people,${acme}`, 'lou-demo-1234'],
    ['somebody who must change', `uid=max,ou=people,${acme}`, 'max-demo-1234'],
    ['nobody at all', '', ''],
  ];
  for (const [what, dn, password] of binds) {
    it(`takes or refuses alike a bind with ${what}, and lets alike ask for more`, async () => {
      await expectSame(async (client) => [
        await outcome(() => client.bind(dn, password)),
        await outcome(async () => (await client.exop('1.3.6.1.4.1.4203.1.11.3')).value?.toLowerCase() ?? ''),
        dn === '' ? '' : await outcome(() => client.compare(ann, 'sn', 'ANDERSON')),
      ]);
    });
  }

  it('adds, changes, renames and deletes alike', async () => {
    const people = `ou=people,${acme}`;
    const zed = `uid=zed,${people}`;
    const person = { objectClass: 'inetOrgPerson', uid: 'zed', cn: 'Zed', sn: 'Z', userPassword: 'zed-demo-1234' };
    const change = (operation: 'add' | 'delete' | 'replace', type: string, ...values: string[]): Change =>
      new Change({ operation, modification: new Attribute({ type, values }) });
    const codes = await expectSame(async (client) => {
      await client.bind(admin.dn, admin.password);
      const steps: (() => Promise<unknown>)[] = [
        () => client.add(zed, person),
        () => client.add(zed, person),
        () => client.add(`uid=zed,ou=nowhere,${acme}`, person),
        () => client.add(`uid=other,${people}`, person),
        () => client.add(`ou=bare,${acme}`, { ou: 'bare' }),
        () => client.modify(zed, change('add', 'mobile', '+1', '+2')),
        () => client.modify(zed, change('add', 'mobile', '+1')),
        () => client.modify(zed, change('delete', 'mobile', '+3')),
        () => client.modify(zed, [change('delete', 'mobile', '+1'), change('delete', 'mobile', '+9')]),
        () => client.modify(zed, change('replace', 'mobile')),
        () => client.modify(zed, change('delete', 'mobile')),
        () => client.modify(zed, change('delete', 'uid')),
        () => client.modify(zed, change('replace', 'entryUUID', '3a4d0f5e-6a0f-4f0a-9d5b-0a5f3a4d0f5e')),
        () => client.modify(`uid=ghost,${people}`, change('replace', 'cn', 'x')),
        () => client.modify(`cn=platform,${groups}`, change('add', 'member', zed)),
        () => client.modifyDN(zed, `uid=ann,${people}`),
        () => client.modifyDN(zed, `uid=zoe,ou=nowhere,${acme}`),
        () => client.modifyDN(zed, `uid=zoe,ou=system,${suffix}`),
        () => client.compare(`uid=zoe,ou=system,${suffix}`, 'uid', 'ZOE'),
        () => client.compare(`uid=zoe,ou=system,${suffix}`, 'uid', 'zed'),
        () => client.del(`ou=system,${suffix}`),
        () => client.del(zed),
        () => client.modifyDN(`ou=sales,${groups}`, `ou=trade,${groups}`),
        () => client.search(`cn=managers,ou=trade,${groups}`, { scope: 'base', attributes: ['1.1'] }),
        () => client.del(`uid=zoe,ou=system,${suffix}`),
        () => client.search(acme, { filter: '(member=*zoe*)' }),
      ];
      const answers: unknown[] = [];
      for (const step of steps) answers.push(await outcome(step));
      return answers;
    });
    expect(codes).to.include.members([68, 32, 64, 65, 20, 16, 19, 66, true, false]);
  });

  it('changes passwords alike (RFC 3062), by whoever knows the old one', async () => {
    const passwordModify = (client: Client, old: string, next: string) => {
      const writer = new BerWriter();
      writer.startSequence();
      writer.writeString(old, 0x81);
      writer.writeString(next, 0x82);
      writer.endSequence();
      return client.exop('1.3.6.1.4.1.4203.1.11.1', writer.buffer);
    };
    await expectSame(async (client) => [
      await outcome(() => passwordModify(client, 'max-demo-1234', 'max-demo-5678')),
      await outcome(() => client.bind(`uid=max,ou=people,${acme}`, 'max-demo-1234')),
      await outcome(() => client.search(ann, { scope: 'base' })),
      await outcome(() => passwordModify(client, 'wrong-demo-1234', 'max-demo-5678')),
      await outcome(() => passwordModify(client, 'max-demo-1234', 'max-demo-5678')),
      await outcome(() => client.bind(`uid=max,ou=people,${acme}`, 'max-demo-1234')),
      await outcome(() => client.bind(`uid=max,ou=people,${acme}`, 'max-demo-5678')),
      await outcome(() => client.compare(ann, 'uid', 'ann')),
    ]);
  });

  it('refuses alike a control that is critical and unknown', async () => {
    await expectSame(async (client) => {
      await client.bind(service.dn, service.password);
      return [
        await outcome(() => client.compare(ann, 'uid', 'ann', new Control('1.2.3.4.5', { critical: true }))),
        await outcome(() => client.compare(ann, 'uid', 'ann', new Control('1.2.3.4.5'))),
        await outcome(() => client.exop('1.2.3.4.5')),
      ];
    });
  });
});

/** The value, or the result code. */
async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return (await work()) ?? 'done';
  } catch (error) {
    if (error instanceof ResultCodeError) return error.code;
    throw error;
  }
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
