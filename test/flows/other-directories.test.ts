// What people live through at slapd elsewhere in these tests, at other people's directories: Active Directory and 389-ds.

import { randomUUID } from 'node:crypto';

import { expect } from 'chai';
import pg from 'pg';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { eventually } from '../support/eventually.ts';
import { bindsAt } from '../support/ldap-bind.ts';
import { ldifEntry, replacing } from '../support/ldif.ts';
import type { Employee } from '../support/organisation.ts';
import { claimsOf, createApp, isRefused, refusalIn, refusalOf, registration } from '../support/relying-party.ts';
import type { App, SignInRequest } from '../support/relying-party.ts';
import { runSallyport, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, giveCode, givePassword, problemOn } from '../support/sign-in.ts';
import type { OtherDirectory } from './other-directories.ts';
import { OTHER_DIRECTORIES } from './other-directories.ts';

/** Installing a server from packages takes a while. */
const START_TIMEOUT_MS = 300_000;
const REALM = 'ad.demo.test';
const HELP = 'https://help.example.com/password';
/** Of as many kinds of characters as 389-ds asks for. */
const NEXT = 'Violet-4-Tractor-Umbrella';

for (const [name, { dialect, start, ...kind }] of Object.entries(OTHER_DIRECTORIES)) {
  describe(`people of ${name}`, () => {
    let directory: OtherDirectory;
    let base: string;
    let server: Sallyport;
    let codes: CodesSent;
    let plain: App;
    let strict: App;
    let person: Employee;
    let people = 0;
    let browser: UserAgent;

    before(async function () {
      this.timeout(START_TIMEOUT_MS);
      [directory, codes] = await Promise.all([start(), startCodesSent()]);
      base = `ou=people-${randomUUID()},${directory.suffix}`;
      await directory.modify(ldifEntry(base, { objectClass: 'organizationalUnit' }));
      const tenant = (required: string, url: string) => ({
        name: 'Acme',
        passwordHelpUrl: HELP,
        policy: { secondFactors: { required }, directoryFreshness: '1s', trustDirectoryContacts: true },
        directories: {
          people: {
            preset: dialect.preset,
            urls: [url],
            tls: { caFile: directory.caFile },
            bindDn: directory.service.dn,
            bindPassword: directory.service.password,
            baseDn: base,
            groupBaseDn: directory.suffix,
            realm: REALM,
          },
        },
        clients: { orders: registration() },
      });
      server = await startSallyport({
        server: { ...codes.settings, trustedProxies: ['loopback'] },
        tenants: { plain: tenant('never', directory.url), strict: tenant('always', directory.ldapsUrl) },
      });
      plain = await createApp(server.issuer('plain'));
      strict = await createApp(server.issuer('strict'));
    });
    after(async () => {
      await Promise.all([server.stop(), codes.stop(), directory.removeTree?.(base)]);
    });
    beforeEach(async () => {
      browser = createUserAgent();
      person = await addPerson();
    });

    const mailOf = (username: string) => `${username}@people.test`;
    const principalOf = (username: string) => `${username}.lastname@${REALM}`;
    const dnOf = (username: string) => `${dialect.naming}=${username},${base}`;

    async function addPerson(): Promise<Employee> {
      const username = `worker${(people += 1)}`;
      const [dn, password] = [dnOf(username), `${username}-of-the-tests`];
      const mail = [mailOf(username), principalOf(username)];
      await directory.modify(dialect.person(dn, username, { password, mail }));
      return { dn, username, password };
    }

    /** Two groups, of which one is in the other. */
    async function addGroups(): Promise<[group: string, above: string]> {
      const names = [`team-${person.username}`, `staff-${person.username}`] as const;
      const [team, staff] = [`cn=${names[0]},${base}`, `cn=${names[1]},${base}`];
      await directory.modify(dialect.group(team, names[0], [person.dn]) + dialect.group(staff, names[1], [team]));
      return [...names];
    }

    async function begin(app: App, password = person.password): Promise<{ request: SignInRequest; page: Page }> {
      const request = await app.begin();
      return { request, page: await givePassword(browser, await browser.get(request.url), { ...person, password }) };
    }

    const change = (page: Page): Promise<Page> =>
      browser.fillAndSubmit(page, { 'current-password': person.password, 'new-password': NEXT });

    it('are one person by whichever name they sign in, in the groups of their groups as well', async () => {
      const groups = await addGroups();
      const wishes = { scope: 'openid groups profile' };
      const { claims } = await plain.signIn(person, { wishes });
      expect(claims.preferred_username).to.equal(person.username);
      expect(claims.groups).to.have.members([...groups, ...kind.everybodys]);
      const { username } = person;
      const [mail, principal] = [mailOf(username), principalOf(username)];
      for (const typed of [mail, principal, `${username}@${REALM}`, `AD\\${username}`, `${REALM}\\${username}`]) {
        const same = await plain.signIn({ ...person, username: typed.toUpperCase() });
        expect(same.claims.sub, typed).to.equal(claims.sub);
      }
    });

    it('are the same person, with the same second factor, when their entry is renamed', async () => {
      const { claims } = await strict.signIn(person);
      const renamed = `${person.username}-renamed`;
      await directory.modify(dialect.rename(person.dn, renamed));
      person = { ...person, username: renamed, dn: dnOf(renamed) };
      const again = await strict.signIn(person, { wishes: { scope: 'openid profile' } });
      expect(again.claims).to.include({ sub: claims.sub, preferred_username: renamed, acr: 'mfa' });
    });

    describe('whose password must be changed', () => {
      async function expectChanged(app: App, { request, page }: { request: SignInRequest; page: Page }): Promise<void> {
        const { sub } = claimsOf(await app.finish(request, await change(page)));
        await eventually('a mail that tells it', () =>
          codes.notices(mailOf(person.username)).some(({ raw }) => raw.includes('The password of your account')),
        );
        browser = createUserAgent();
        expect(problemOn((await begin(app)).page), 'the old one').to.match(/do not match/);
        const again = await app.signIn({ ...person, password: NEXT });
        expect(again.claims.sub).to.equal(sub);
      }

      it('change it, and are signed in', async () => {
        await directory.requirePasswordChange(person.dn);
        const begun = await begin(plain);
        expect(textOf(begun.page, 'h1')).to.equal('Your password must be changed');
        await expectChanged(plain, begun);
      });

      it('change it after the second factor that they have', async () => {
        await strict.signIn(person);
        await directory.requirePasswordChange(person.dn);
        const { request, page } = await begin(strict);
        expect(doorOf(page)).to.equal('code');
        const form = await giveCode(browser, page, person);
        expect(doorOf(form)).to.equal('change-password');
        await expectChanged(strict, { request, page: form });
      });

      it(`${kind.changesExpired ? 'change it' : 'are told where to go'} where it has expired`, async () => {
        await directory.expirePassword(person.dn);
        const begun = await begin(plain);
        expect(textOf(begun.page, 'h1')).to.equal('Your password has expired');
        if (kind.changesExpired) return expectChanged(plain, begun);
        const refused = await change(begun.page);
        expect(refused.status).to.equal(403);
        expect(refused.document.querySelector('a.button')?.getAttribute('href')).to.equal(HELP);
      });
    });

    it('who are disabled lose their tokens and their session, which is audited', async () => {
      const { tokens, claims, browser: home } = await plain.signIn(person);
      await directory.modify(replacing(person.dn, kind.disabled.attribute, kind.disabled.value));
      await eventually('the end of userinfo', () => isRefused(plain.userinfo(tokens)), 4000);
      expect(await refusalOf(plain.refresh(tokens))).to.equal('invalid_grant');
      const silent = await home.get((await plain.begin({ prompt: 'none' })).url);
      expect(refusalIn(silent)).to.equal('login_required');
      expect(await eventsOf(claims.sub)).to.deep.equal([
        { type: 'user.refused', reason: 'disabled-in-directory' },
        { type: 'session.ended', reason: 'disabled-in-directory' },
      ]);
      expect((await begin(plain)).page.status).to.equal(kind.disabledStatus);
    });

    async function eventsOf(userId: string): Promise<object[]> {
      const client = new pg.Client({ connectionString: server.databaseUrl });
      await client.connect();
      const text = `select type, reason from audit_events
                     where subject_id = $1 and type in ('user.refused', 'session.ended') order by at, id`;
      const { rows } = await client.query<object>(text, [userId]);
      await client.end();
      return rows;
    }

    it('are not locked out of the directory by whoever guesses here', async () => {
      const statuses: number[] = [];
      const names = [person.username, mailOf(person.username), principalOf(person.username), `AD\\${person.username}`];
      for (const [number, username] of [...names, ...names].entries()) {
        const headers = { 'x-forwarded-for': `198.51.100.${number}` };
        const door = await browser.get((await plain.begin()).url, { headers });
        const answer = await browser.fillAndSubmit(door, { username, password: `guess ${number}` }, { headers });
        statuses.push(answer.status);
      }
      // How soon the door closes depends on what the service account may read of the directory's rules.
      const answered = statuses.indexOf(429);
      expect(answered).to.be.within(1, 4);
      expect(new Set(statuses.slice(0, answered))).to.deep.equal(new Set([401]));
      expect(new Set(statuses.slice(answered))).to.deep.equal(new Set([429]));
      expect(await bindsAt(directory, person.dn, person.password)).to.equal(true);
    });

    it('are shown to the operator, with the way that they are in each group', async () => {
      const [team, staff] = await addGroups();
      const args = ['directory', 'test', 'plain', 'people', person.username, '--config', server.configFile];
      const { code, output } = await runSallyport(args);
      expect(code, output).to.equal(0);
      expect(output).to.match(new RegExp(`^ {2}${team}: cn=.*, direct$`, 'im'));
      expect(output).to.match(new RegExp(`^ {2}${staff}: cn=.*, by cn=${team},`, 'im'));
      for (const group of kind.everybodys) expect(output).to.match(new RegExp(`^ {2}${group}: CN=${group},`, 'm'));
    });
  });
}
