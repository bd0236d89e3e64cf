// Search and compare (RFC 4511 4.5 and 4.10), with pages (RFC 2696).

import { berCursor } from '../../directory/ldap/ber.ts';
import { isOperational, isPassword } from './attributes.ts';
import type { Entry } from './entry.ts';
import { PASSWORD_MODIFY, START_TLS, WHO_AM_I } from './extended.ts';
import { assertion, matches } from './filter.ts';
import { asRanges, readDescription } from './ranges.ts';
import type { CompareOperation, RequestControl, SearchOperation } from './requests.ts';
import type { Result, SearchResultEntry } from './responses.ts';
import { written } from './responses.ts';
import type { DirectoryContext, Identity } from './session.ts';
import { requireRead } from './session.ts';

export const PAGED_RESULTS = '1.2.840.113556.1.4.319';

interface Search {
  context: DirectoryContext;
  identity: Identity;
  operation: SearchOperation;
  controls: readonly RequestControl[];
}

/** Answers with the entries through `send`, and returns the result that closes them. */
export function search(
  { context, identity, operation, controls }: Search,
  send: (entry: SearchResultEntry) => void,
): Result {
  if (operation.base === '' && operation.scope === 'base') {
    send(rootDse(context));
    return { code: 'success' };
  }
  requireRead(identity);
  const { tree } = context;
  const found = tree
    .inScope(tree.get(operation.base), operation.scope)
    .filter((e) => matches(tree, e, operation.filter));
  const page = controls.find(({ oid }) => oid === PAGED_RESULTS);
  const { entries, result } = page
    ? pageOf(found, page, context.sizeLimit)
    : limited(found, operation.sizeLimit, context.sizeLimit);
  for (const entry of entries) send(selected(context, identity, entry, operation));
  return result;
}

export function compare({ tree }: DirectoryContext, identity: Identity, operation: CompareOperation): Result {
  requireRead(identity);
  const { dn, attribute, value } = operation;
  const equal = matches(tree, tree.get(dn), assertion('equal', attribute, value));
  return { code: equal ? 'compareTrue' : 'compareFalse' };
}

/** What a client may know before it binds (RFC 4512 5.1). */
function rootDse({ suffix, capabilities, offersStartTls }: DirectoryContext): SearchResultEntry {
  const extensions = [WHO_AM_I, PASSWORD_MODIFY, ...(offersStartTls ? [START_TLS] : [])];
  return {
    dn: '',
    attributes: [
      { name: 'objectClass', values: ['top'] },
      { name: 'namingContexts', values: [suffix] },
      { name: 'supportedLDAPVersion', values: ['3'] },
      { name: 'supportedControl', values: [PAGED_RESULTS] },
      { name: 'supportedExtension', values: extensions },
      { name: 'supportedCapabilities', values: capabilities },
    ],
  };
}

interface Portion {
  entries: readonly Entry[];
  result: Result;
}

function limited(found: readonly Entry[], asked: number, most: number): Portion {
  const limit = asked > 0 ? Math.min(asked, most) : most;
  return { entries: found.slice(0, limit), result: { code: found.length > limit ? 'sizeLimitExceeded' : 'success' } };
}

/** The cookie says where to go on: one connection's searches know nothing of each other. */
function pageOf(found: readonly Entry[], { value = Buffer.alloc(0) }: RequestControl, most: number): Portion {
  const asked = berCursor(value).enter();
  const size = Math.min(Math.max(asked.integer(), 1), most);
  const from = Number.parseInt(asked.text(), 10) || 0;
  const next = from + size;
  const answer = written((writer) => {
    writer.writeInt(found.length);
    writer.writeString(next < found.length ? String(next) : '');
  });
  return {
    entries: found.slice(from, next),
    result: { code: 'success', controls: [{ oid: PAGED_RESULTS, value: answer }] },
  };
}

/** The attributes that were asked for: all that people write if none were, operational ones by name or by `+`. */
function selected(
  { tree, maxValRange }: DirectoryContext,
  identity: Identity,
  entry: Entry,
  { attributes, typesOnly }: SearchOperation,
): SearchResultEntry {
  const asked = new Map(attributes.map((description) => readDescription(description, maxValRange)));
  const everything = asked.size === 0 || asked.has('*');
  const isSelected = (name: string): boolean =>
    asked.has(name.toLowerCase()) || (isOperational(name) ? asked.has('+') : everything);
  const isReadable = (name: string): boolean => !isPassword(name) || identity.kind === 'admin';
  const names = [...[...entry.attributes.values()].map(({ name }) => name), 'memberOf', 'entryDN', 'distinguishedName'];
  return {
    dn: entry.dn,
    attributes: names
      .filter((name) => isSelected(name) && isReadable(name))
      .map((name) => ({ name, values: tree.values(entry, name) }))
      .filter(({ values }) => values.length > 0)
      .flatMap(({ name, values }) => asRanges(name, values, asked.get(name.toLowerCase()), maxValRange))
      .map(({ name, values }) => ({ name, values: typesOnly ? [] : values })),
  };
}
