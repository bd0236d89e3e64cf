import { expect } from 'chai';

import type { Search, SearchQuery } from '../../src/directory/ldap/connection.ts';
import { present } from '../../src/directory/ldap/filter.ts';
import { withWholeAttributes } from '../../src/directory/ldap/ranges.ts';
import { LdapEntry } from '../../src/directory/ldap/responses.ts';
import { LdapResultError } from '../../src/directory/ldap/result-error.ts';
import { rememberedRootDse } from '../../src/directory/ldap/root-dse.ts';

function entry(attributes: Record<string, readonly string[]>): LdapEntry {
  const values = Object.entries(attributes).map(
    ([name, texts]) => [name.toLowerCase(), texts.map((text) => Buffer.from(text))] as const,
  );
  return new LdapEntry('cn=big,dc=a', new Map(values));
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));
const query: SearchQuery = { base: 'dc=a', scope: 'sub', filter: present('cn'), attributes: ['member', 'cn'] };

/** Answers one search after the other, and remembers them. */
function answering(...answers: readonly (readonly LdapEntry[] | Error)[]) {
  const asked: SearchQuery[] = [];
  const search: Search = (each) => {
    const answer = answers[asked.length] ?? answers.at(-1) ?? [];
    asked.push(each);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve([...answer]);
  };
  return { asked, search };
}

describe('an attribute with more values than a server sends at once', () => {
  it('is asked for until its end, and shown under its plain name', async () => {
    const { asked, search } = answering(
      [entry({ cn: ['big'], member: [], 'member;range=0-2': numbers(0, 3), 'memberOf;range=0-0': ['x'] })],
      [entry({ member: [], 'member;range=3-4': numbers(3, 5) })],
      [entry({ 'member;range=5-*': numbers(5, 7) })],
      [entry({ 'memberOf;range=1-*': ['y'] })],
    );
    const [whole] = await withWholeAttributes(search)(query);
    expect(whole?.values('member')).to.deep.equal(numbers(0, 7));
    expect(whole?.values('memberOf')).to.deep.equal(['x', 'y']);
    expect(whole?.values('cn')).to.deep.equal(['big']);
    expect(whole?.attributes).to.have.members(['cn', 'member', 'memberof']);
    expect(asked.map(({ base, scope, attributes }) => [base, scope, ...attributes])).to.deep.equal([
      ['dc=a', 'sub', 'member', 'cn'],
      ['cn=big,dc=a', 'base', 'member;range=3-*'],
      ['cn=big,dc=a', 'base', 'member;range=5-*'],
      ['cn=big,dc=a', 'base', 'memberof;range=1-*'],
    ]);
  });

  it('costs nothing where it came whole', async () => {
    const entries = [entry({ cn: ['a'] }), entry({ 'member;range=0-*': ['x'], 'cn;lang-en': ['b'] })];
    const { asked, search } = answering(entries);
    const [first, second] = await withWholeAttributes(search)(query);
    expect(first).to.equal(entries[0]);
    expect(second?.values('member')).to.deep.equal(['x']);
    expect(second?.values('cn;lang-en')).to.deep.equal(['b']);
    expect(asked).to.have.length(1);
  });

  for (const [what, answer] of [
    ['does not go on', [entry({ 'member;range=0-2': numbers(0, 3) })]],
    ['tells nothing more', [entry({ member: numbers(3, 6) })]],
    ['has lost the entry', []],
  ] as const) {
    it(`is a fault where the server ${what}`, async () => {
      const { search } = answering([entry({ 'member;range=0-2': numbers(0, 3) })], answer);
      const error = await withWholeAttributes(search)(query).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(Error).with.property('message').that.contains('do not end');
    });
  }

  it('is a fault where the server never comes to an end', async () => {
    let asked = 0;
    const search: Search = () => Promise.resolve([entry({ [`member;range=${asked}-${(asked += 1)}`]: ['x'] })]);
    const error = await withWholeAttributes(search)(query).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Error).with.property('message').that.contains('do not end');
    expect(asked).to.be.lessThan(1000);
  });
});

describe('what a server tells of itself', () => {
  const root = entry({
    supportedControl: ['1.2.840.113556.1.4.319', '1.2.826.0.1.3344810.2.3'],
    supportedCapabilities: ['1.2.840.113556.1.4.800'],
    vendorName: ['389 Project'],
    namingContexts: ['dc=a', 'cn=config'],
  });
  const none = { namingContexts: [], matchedValues: false, activeDirectory: false, transitiveMemberOf: false };

  it('is asked once, of its root', async () => {
    const { asked, search } = answering([root]);
    const rootDse = rememberedRootDse(search);
    const namingContexts = ['dc=a', 'cn=config'];
    const all = { namingContexts, matchedValues: true, activeDirectory: true, transitiveMemberOf: true };
    expect(await Promise.all([rootDse(), rootDse()])).to.deep.equal([all, all]);
    expect(await rootDse()).to.deep.equal(all);
    expect(asked.map(({ base, scope }) => [base, scope])).to.deep.equal([['', 'base']]);
  });

  it('is nothing where it does not say, or hides it', async () => {
    expect(await rememberedRootDse(answering([entry({})]).search)()).to.deep.equal(none);
    expect(await rememberedRootDse(answering([]).search)()).to.deep.equal(none);
    expect(await rememberedRootDse(answering(refusal(32)).search)()).to.deep.equal(none);
  });

  it('is asked again after a fault', async () => {
    for (const fault of [new Error('no answer in time'), refusal(51)]) {
      const { asked, search } = answering(fault, [root]);
      const rootDse = rememberedRootDse(search);
      expect(await rootDse().catch((error: unknown) => error)).to.equal(fault);
      expect((await rootDse()).activeDirectory).to.equal(true);
      expect(asked).to.have.length(2);
    }
  });

  const refusal = (code: number) => new LdapResultError('search', { code, diagnosticMessage: '', controls: new Map() });
});
