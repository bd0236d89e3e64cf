// The table of docs/admin-api.md, held in step with the routes.

import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import type { AdminRoute } from '../../src/admin/route.ts';
import { declaredRoutes } from '../../src/commands/api/declared-routes.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** As `GET users:read, PATCH DELETE users:write`. */
function needsOf(routes: readonly AdminRoute[]): string {
  const inOrder = routes.toSorted((a, b) => METHODS.indexOf(a.method) - METHODS.indexOf(b.method));
  const byNeed = Map.groupBy(inOrder, ({ permission, also }) => `\`${permission}\`${also === 'root' ? ' (root)' : ''}`);
  return [...byNeed].map(([need, own]) => `${own.map(({ method }) => method).join(' ')} ${need}`).join(', ');
}

describe('docs/admin-api.md', () => {
  it('has every path, with the permission that each method needs', async () => {
    const byPath = Map.groupBy(await declaredRoutes(), ({ path }) => path.replace('/tenants/{tenant}', '…'));
    const expected = [...byPath].map(([path, routes]) => `| \`${path}\` | ${needsOf(routes)} |`);
    const [, table = ''] = readFileSync('docs/admin-api.md', 'utf8').split('\n## Every path\n');
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.map((row) => row.replaceAll(/ +/g, ' '))).to.have.members(expected);
  });
});
