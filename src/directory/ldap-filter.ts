// Search filters, built from ldapts' classes and never from text, so that no value of a person's can become syntax. The one
// filter that comes as text is the operator's.

import type { Filter } from 'ldapts';
import { AndFilter, EqualityFilter, FilterParser, OrFilter, PresenceFilter } from 'ldapts';

export function equal(attribute: string, value: string): Filter {
  return new EqualityFilter({ attribute, value });
}

export function present(attribute: string): Filter {
  return new PresenceFilter({ attribute });
}

/** True of an entry with any of the values in any of the attributes. */
export function anyEqual(attributes: readonly string[], values: readonly string[]): OrFilter {
  return new OrFilter({ filters: attributes.flatMap((name) => values.map((value) => equal(name, value))) });
}

export function every(...filters: readonly Filter[]): Filter {
  return new AndFilter({ filters: [...filters] });
}

/** @throws Error when the text is no filter (RFC 4515). */
export function parseFilter(text: string): Filter {
  return FilterParser.parseString(text);
}

export function isFilter(text: string): boolean {
  try {
    parseFilter(text);
    return true;
  } catch {
    return false;
  }
}
