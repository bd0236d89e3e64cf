// Search filters, built from ldapts' classes and never from text, so that no value of a person's can become syntax. The one
// filter that comes as text is the operator's.

import type { Filter } from 'ldapts';
import {
  AndFilter,
  EqualityFilter,
  ExtensibleFilter,
  FilterParser,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from 'ldapts';

export function equal(attribute: string, value: string | Buffer): Filter {
  return new EqualityFilter({ attribute, value });
}

/** A comparison by another rule than the attribute's own (RFC 4511 4.5.1.7.7). */
export function matching(attribute: string, rule: string, value: string): Filter {
  return new ExtensibleFilter({ matchType: attribute, rule, value });
}

export function present(attribute: string): Filter {
  return new PresenceFilter({ attribute });
}

/** Of values that have this text anywhere in them. */
export function containing(attribute: string, text: string): Filter {
  return new SubstringFilter({ attribute, any: [text] });
}

/** One for each of the values in each of the attributes. */
export function anyEqual(attributes: readonly string[], values: readonly string[]): Filter[] {
  return attributes.flatMap((name) => values.map((value) => equal(name, value)));
}

export function any(filters: readonly Filter[]): Filter {
  return new OrFilter({ filters: [...filters] });
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
