import type { Finding, Path } from '../config/tree.ts';
import { asPointer, invalid } from './checked.ts';

/**
 * @param placeOf where in the body that is which the rules found at this path
 * @throws Problem `invalid-request` that names all of them.
 */
export function assertUnbroken(found: readonly Finding[], placeOf: (path: Path) => Path): void {
  if (found.length === 0) return;
  throw invalid(found.map(({ path, message, mend }) => asPointer(placeOf(path), `${message}: ${mend}`)));
}
