import { expect } from 'chai';

import type { Caller } from '../../src/admin/caller.ts';
import { createUnderWay } from '../../src/admin/http/under-way.ts';
import type { UnderWay } from '../../src/admin/http/under-way.ts';
import { Problem } from '../../src/admin/problem.ts';

const caller = (id: string, tenant = 'acme'): Caller => ({
  kind: 'api-key',
  id,
  tenant: { id: `id of ${tenant}`, slug: tenant },
  permissions: new Set(),
  managedGroups: new Set(),
});
const LIST = { id: 'listUsers' };
const IMPORT = { id: 'importUsers', takes: ['text/csv'], gives: 'application/x-ndjson' };

describe('requests under way in the admin API', () => {
  let underWay: UnderWay;
  beforeEach(() => {
    underWay = createUnderWay();
  });
  const begin = (count: number, id: string, tenant?: string) =>
    Array.from({ length: count }, () => underWay.enter(caller(id, tenant), LIST, 'acme'));

  function expectFull(enter: () => unknown): void {
    expect(enter).to.throw(Problem).with.property('code', 'too-many-requests');
  }

  it('are eight of a caller, and one more when one is done', () => {
    const [leave] = begin(8, 'busy');
    expectFull(() => begin(1, 'busy'));
    begin(1, 'idle');
    leave?.();
    begin(1, 'busy');
    expectFull(() => begin(1, 'busy'));
  });

  it('are sixteen of a tenant, whoever of it asks, and others go on', () => {
    begin(8, 'one');
    begin(8, 'two');
    expectFull(() => begin(1, 'three'));
    begin(8, 'one', 'globex');
  });

  it('count for nothing where they were refused', () => {
    const leaving = begin(8, 'busy');
    for (let time = 0; time < 20; time++) expectFull(() => begin(1, 'busy'));
    for (const leave of leaving) leave();
    begin(8, 'busy');
    begin(8, 'other');
  });

  it('are two streams of a kind in a tenant, beside everything else', () => {
    const enter = (tenant?: string, slug = 'acme') => underWay.enter(caller('busy', tenant), IMPORT, slug);
    begin(8, 'busy');
    const leave = enter();
    enter();
    expectFull(() => enter());
    underWay.enter(caller('busy'), { id: 'exportUsers', gives: 'text/csv' }, 'acme');
    // Whoever names a tenant that is not theirs keeps nobody of it out.
    enter('globex', 'acme');
    leave();
    enter();
  });
});
