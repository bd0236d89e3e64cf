// A branch of the directory that is the caller's own: people and groups to be added, changed and taken away, which no other
// test sees.

import type { Person } from './sign-in.ts';
import { directoryOf } from './sallyport.ts';
import { testSlapd } from './slapd.ts';
import type { TestSlapd } from './slapd.ts';

export interface Organisation {
  /** For a tenant's `directories`. */
  directory: object;
  /** `attributes`: beyond the usual ones, or in their place. */
  addPerson(uid: string, attributes?: Record<string, string>): Promise<Employee>;
  /** Of people or groups. */
  addGroup(name: string, members: readonly { dn: string }[]): Promise<{ dn: string }>;
  addMember(group: { dn: string }, member: { dn: string }): Promise<void>;
  removeMember(group: { dn: string }, member: { dn: string }): Promise<void>;
  remove(entry: { dn: string }): Promise<void>;
  /** Gives the entry another uid, in its name as well; the person stays who they are. */
  rename(person: Employee, uid: string): Promise<void>;
}

export interface Employee extends Person {
  dn: string;
}

/** `name` has to be used by no other test file. Without `slapd` it is in the server that tests share. */
export async function createOrganisation(
  name: string,
  settings: object = {},
  slapd?: TestSlapd,
): Promise<Organisation> {
  const server = slapd ?? (await testSlapd());
  const base = `o=${name},${server.suffix}`;
  const [people, groups] = [`ou=people,${base}`, `ou=groups,${base}`];
  const add = (dn: string, attributes: Record<string, string | readonly string[]>) =>
    server.modify(entry(dn, attributes));
  const change = (dn: string, ...lines: string[]) => server.modify([`dn: ${dn}`, ...lines, ''].join('\n'));
  await add(base, { objectClass: 'organization', o: name });
  await add(people, { objectClass: 'organizationalUnit', ou: 'people' });
  await add(groups, { objectClass: 'organizationalUnit', ou: 'groups' });

  return {
    directory: await directoryOf(name, {
      urls: [server.url],
      tls: { mode: 'starttls', caFile: server.caFile },
      ...settings,
    }),

    async addPerson(uid, attributes = {}) {
      const dn = `uid=${uid},${people}`;
      const password = `${uid}-of-${name}-1234`;
      const usual = { objectClass: 'inetOrgPerson', uid, cn: uid, sn: uid, mail: `${uid}@${name}.test` };
      await add(dn, { ...usual, userPassword: password, ...attributes });
      return { dn, username: uid, password };
    },

    async addGroup(cn, members) {
      const dn = `cn=${cn},${groups}`;
      await add(dn, { objectClass: 'groupOfNames', cn, member: members.map((member) => member.dn) });
      return { dn };
    },

    addMember: (group, { dn }) => change(group.dn, 'changetype: modify', 'add: member', `member: ${dn}`),
    removeMember: (group, { dn }) => change(group.dn, 'changetype: modify', 'delete: member', `member: ${dn}`),
    remove: ({ dn }) => change(dn, 'changetype: delete'),

    async rename(person, uid) {
      await change(person.dn, 'changetype: modrdn', `newrdn: uid=${uid}`, 'deleteoldrdn: 1');
      Object.assign(person, { dn: `uid=${uid},${people}`, username: uid });
    },
  };
}

function entry(dn: string, attributes: Record<string, string | readonly string[]>): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`),
  );
  return [`dn: ${dn}`, 'changetype: add', ...lines, '', ''].join('\n');
}
