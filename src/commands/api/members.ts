// The body of a request as an operator types it: `userName=ann profile.email=ann@example.com roles:='["auditor"]'`.

import { accepted, refused } from '../../outcome.ts';
import type { Outcome } from '../../outcome.ts';

const MEMBER = /^(?<path>[\w-]+(?:\.[\w-]+)*)(?<json>:?)=(?<value>[\s\S]*)$/;

/** `name=text`, or `name:=JSON`; dots lead into objects. Refused with the member that cannot be read. */
export function bodyOf(members: readonly string[], whole: unknown = {}): Outcome<unknown, string> {
  const body: unknown = members.length === 0 ? whole : structuredClone(whole);
  for (const member of members) {
    const { path, json, value } = MEMBER.exec(member)?.groups ?? {};
    if (path === undefined || value === undefined)
      return refused(`${member} is not of the form name=text or name:=JSON`);
    const read = json === ':' ? parsed(value) : accepted<unknown>(value);
    if (!read.ok) return refused(`${path}: what follows := is no JSON`);
    if (!place(body, path.split('.'), read.value))
      return refused(`${path}: there is something else at that place already`);
  }
  return accepted(body);
}

function parsed(text: string): Outcome<unknown, 'malformed'> {
  try {
    return accepted(JSON.parse(text));
  } catch {
    return refused('malformed');
  }
}

function place(root: unknown, path: readonly string[], value: unknown): boolean {
  const [name = '', ...rest] = path;
  if (typeof root !== 'object' || root === null || name === '__proto__') return false;
  if (rest.length === 0) return Reflect.set(root, name, value);
  if (!Object.hasOwn(root, name)) Reflect.set(root, name, {});
  return place(Reflect.get(root, name), rest, value);
}
