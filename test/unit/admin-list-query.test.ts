import { expect } from 'chai';

import type { Sent } from '../../src/admin/dispatch.ts';
import { createListQuery } from '../../src/admin/list-query.ts';
import { Problem } from '../../src/admin/problem.ts';
import type { ProblemCode } from '../../src/admin/problem.ts';
import { route } from '../../src/admin/route.ts';
import type { AdminRoute } from '../../src/admin/route.ts';
import type { ListRequest } from '../../src/listing.ts';
import { createEncryption } from '../../src/security/encryption.ts';

const { readListQuery, writeCursor } = createListQuery(
  createEncryption([{ id: 'k1', secret: 'a secret of more than 32 characters' }]),
);

const listing = (id: string): AdminRoute =>
  route(
    {
      id,
      method: 'GET',
      path: '/tenants/{tenant}/things',
      tag: 'Things',
      summary: 'List things',
      permission: 'users:read',
      lists: {
        name: { type: 'text', sortable: true },
        email: { type: 'text' },
        createdAt: { type: 'time', sortable: true },
      },
      defaultSort: 'name',
    },
    () => Promise.resolve({ body: { items: [], next: undefined } }),
  );
const things = listing('listThings');

const sent = (query: Sent['query'] = {}, params: Sent['params'] = { tenant: 'acme' }): Sent => ({
  params,
  query,
  body: undefined,
});
const read = (query: Sent['query'] = {}): ListRequest => readListQuery(things, 't1', sent(query));

function refusal(code: ProblemCode, parameter: string, ask: () => unknown): void {
  try {
    ask();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect(error.code).to.equal(code);
    expect(error.errors.map((one) => ('parameter' in one ? one.parameter : one.pointer))).to.deep.equal([parameter]);
    return;
  }
  expect.fail(`${parameter} was taken`);
}

describe('how a list is asked for', () => {
  it('has its usual size and order', () => {
    expect(read()).to.deep.equal({ sort: { field: 'name', descending: false }, after: undefined, limit: 50 });
  });

  it('takes a size from 1 to 1000, and refuses a billion', () => {
    expect(read({ pageSize: '1' }).limit).to.equal(1);
    expect(read({ pageSize: '1000' }).limit).to.equal(1000);
    for (const pageSize of ['0', '-1', '1001', '1000000000', '1e3', '', 'ten', '5.5', ['1', '2']]) {
      refusal('invalid-request', 'pageSize', () => read({ pageSize }));
    }
  });

  it('sorts by the fields that allow it, and by id', () => {
    expect(read({ sort: '-createdAt' }).sort).to.deep.equal({ field: 'createdAt', descending: true });
    expect(read({ sort: 'id' }).sort).to.deep.equal({ field: 'id', descending: false });
    for (const sort of ['email', '--name', 'name desc', 'name;drop table users', '__proto__', '1', '', '-']) {
      refusal('invalid-sort', 'sort', () => read({ sort }));
    }
  });

  it('filters by the fields of the list', () => {
    expect(read({ filter: 'email sw "a"' }).filter).to.deep.equal({ op: 'sw', field: 'email', value: 'a' });
    refusal('invalid-filter', 'filter', () => read({ filter: 'secret pr' }));
  });
});

describe('a page token', () => {
  const next = { value: 'ann', id: '0193' };
  const query = { filter: 'email pr', sort: '-name' };
  const token = writeCursor(things, 't1', sent(query), next);

  it('leads on in the same list, with a page of another size too', () => {
    expect(read({ ...query, pageToken: token }).after).to.deep.equal(next);
    expect(read({ ...query, pageToken: token, pageSize: '7' }).after).to.deep.equal(next);
    const none = writeCursor(things, 't1', sent(), { value: null, id: '1' });
    expect(read({ pageToken: none }).after).to.deep.equal({ value: null, id: '1' });
  });

  it('does not show what it holds', () => {
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.to.contain('ann');
  });

  it('is refused with another filter or order, in another list, tenant or path', () => {
    const pageToken = token;
    for (const ask of [
      () => read({ ...query, filter: 'email eq "a"', pageToken }),
      () => read({ sort: '-name', pageToken }),
      () => read({ ...query, sort: 'name', pageToken }),
      () => readListQuery(things, 't2', sent({ ...query, pageToken })),
      () => readListQuery(listing('listOthers'), 't1', sent({ ...query, pageToken })),
      () => readListQuery(things, 't1', sent({ ...query, pageToken }, { tenant: 'acme', groupId: '1' })),
    ]) {
      refusal('invalid-page-token', 'pageToken', ask);
    }
  });

  it('cannot be forged', () => {
    const flipped = token.slice(0, -9) + (token.at(-9) === 'A' ? 'B' : 'A') + token.slice(-8);
    const plain = Buffer.from(JSON.stringify(next)).toString('base64url');
    for (const pageToken of [
      flipped,
      plain,
      '',
      '{}',
      'v1.k1..',
      `${token}.`,
      `v1.other${token.slice(5)}`,
      'a'.repeat(9000),
    ]) {
      refusal('invalid-page-token', 'pageToken', () => read({ ...query, pageToken }));
    }
  });
});
