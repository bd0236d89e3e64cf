// Add, modify, delete and modify DN (RFC 4511 4.6 to 4.9).

import { isPassword } from './attributes.ts';
import type { UpdateOperation } from './requests.ts';
import type { Result } from './responses.ts';
import type { DirectoryContext, Identity } from './session.ts';
import { requireWrite } from './session.ts';

export function update({ tree, policy }: DirectoryContext, identity: Identity, operation: UpdateOperation): Result {
  if (operation.kind === 'modify') {
    const entry = tree.get(operation.dn);
    const names = operation.changes.map(({ name }) => name);
    requireWrite(identity, entry, names);
    tree.modify(entry, operation.changes);
    if (names.some(isPassword)) policy.passwordChanged(entry, identity.kind === 'entry');
    return { code: 'success' };
  }
  requireWrite(identity);
  if (operation.kind === 'add') tree.add(operation.dn, operation.attributes);
  else if (operation.kind === 'delete') tree.delete(tree.get(operation.dn));
  else {
    const { dn, newRdn, deleteOldRdn, newSuperior } = operation;
    tree.rename(tree.get(dn), newRdn, deleteOldRdn, newSuperior);
  }
  return { code: 'success' };
}
