// What a group that lives here may be called.

import { prepare } from '../directory/distinguished-name.ts';
import { readsAsReference } from './group-reference.ts';

/**
 * Whether two spellings of it could not be two groups to whoever reads them, and none reads as something else: no id, no DN, no
 * reference of configuration.
 */
export function isGroupName(name: string): boolean {
  if (/\p{C}/u.test(name) || readsAsReference(name)) return false;
  // Of one form in all but letter case: then a reference, which is compared by that form, means the group of this name.
  return prepare(name) === name.toLowerCase();
}
