// A directory's worth of people: everybody in a team, each team in a department, each department in `staff`.

import { createHash, randomBytes } from 'node:crypto';

import { personName } from './target.ts';

const TEAM = 50;
const TEAMS_OF_A_DEPARTMENT = 10;

/** The LDIF of a branch `base` with `count` people, who all have the same password. */
export function organisation(base: string, count: number, password: string): string {
  const [people, groups] = [`ou=people,${base}`, `ou=groups,${base}`];
  const names = Array.from({ length: count }, (_, number) => personName(number));
  const dns = names.map((uid) => `uid=${uid},${people}`);
  const teams = groupsOf('team', dns, TEAM, groups);
  const departments = groupsOf('department', [...teams.keys()], TEAMS_OF_A_DEPARTMENT, groups);
  const staff = groupsOf('staff', [...departments.keys()], Infinity, groups);
  const userPassword = saltedHash(password);
  return [
    entry(base, { objectClass: 'organization', o: 'bench' }),
    entry(people, { objectClass: 'organizationalUnit', ou: 'people' }),
    entry(groups, { objectClass: 'organizationalUnit', ou: 'groups' }),
    ...names.map((uid, index) => entry(dns[index] ?? '', { ...person(uid), userPassword })),
    ...teams.values(),
    ...departments.values(),
    ...staff.values(),
  ].join('\n');
}

function person(uid: string): Record<string, string> {
  return {
    objectClass: 'inetOrgPerson',
    uid,
    cn: `Person ${uid}`,
    sn: uid,
    givenName: 'Person',
    mail: `${uid}@bench.test`,
  };
}

/** Entries by DN, of so many members each. */
function groupsOf(kind: string, members: readonly string[], size: number, below: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (let from = 0; from < members.length; from += size) {
    const cn = `${kind}-${entries.size}`;
    const dn = `cn=${cn},${below}`;
    entries.set(dn, entry(dn, { objectClass: 'groupOfNames', cn, member: members.slice(from, from + size) }));
  }
  return entries;
}

/** The scheme that OpenLDAP has by itself: SHA-1 with a salt. What a slower one costs, it costs every server before it. */
function saltedHash(password: string): string {
  const salt = randomBytes(8);
  const digest = createHash('sha1').update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`;
}

function entry(dn: string, attributes: Record<string, string | readonly string[]>): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`),
  );
  return [`dn: ${dn}`, 'changetype: add', ...lines, ''].join('\n');
}
