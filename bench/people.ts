// Many people in a directory, each of whom has an authenticator app already.

import { generateSecret } from 'otplib';

import type { Core } from '../src/compose-core.ts';
import type { Configuration } from '../src/config.ts';
import { createLdapDirectory } from '../src/directory/directory-ldap.ts';
import { totpSecret } from '../src/second-factors/totp.ts';
import type { TestSlapd } from '../test/support/slapd.ts';
import { organisation } from './organisation.ts';
import { TENANT, personName } from './target.ts';
import type { People } from './target.ts';

const PASSWORD = 'the-same-for-everybody-1234';
const AT_ONCE = 32;

export function branchOf(slapd: TestSlapd): string {
  return `o=bench,${slapd.suffix}`;
}

export async function addPeople(slapd: TestSlapd, count: number): Promise<People> {
  await slapd.modify(organisation(branchOf(slapd), count, PASSWORD));
  return { count, password: PASSWORD, totpSecret: generateSecret({ length: 20 }) };
}

/** Gives everybody an account with an authenticator app, as if each had signed in before. */
export async function enrolPeople(core: Core, tenants: Configuration['tenants'], people: People): Promise<void> {
  const tenant = await core.tenants.bySlug(TENANT);
  const [source] = tenant?.directories ?? [];
  const declared = tenants[TENANT]?.directories[source?.name ?? ''];
  if (!tenant || !source || !declared) throw new Error('the configuration of the benchmark has no directory');
  const { settings, bindPassword = '' } = declared;
  const directory = createLdapDirectory({ name: source.name, settings, bindPassword });
  const secret = totpSecret({ algorithm: 'SHA1', digits: 6, period: 30 }, people.totpSecret);

  async function enrol(name: string, tenantId: string, directoryId: string): Promise<void> {
    const found = await directory.find(name);
    if (!found.ok) throw new Error(`the directory has no ${name}`);
    const answer = { entry: found.value, groups: [], checkedAt: new Date() };
    const { user } = await core.users.linkDirectoryUser(tenantId, directoryId, answer);
    await core.enrolments.add(tenantId, user.id, { factor: 'totp', name: 'totp', secret });
  }
  const names = Array.from({ length: people.count }, (_, number) => personName(number));
  while (names.length > 0) {
    await Promise.all(names.splice(0, AT_ONCE).map((name) => enrol(name, tenant.id, source.id)));
  }
  await directory.close();
}
