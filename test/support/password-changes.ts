// Somebody whose password has to be changed at sign-in: three tenants that ask different things of them, and what they do there.

import { Client } from 'pg';

import { createUserAgent } from './browser-like-client.ts';
import type { Page, UserAgent } from './browser-like-client.ts';
import { startCodesSent } from './codes-sent.ts';
import type { CodesSent } from './codes-sent.ts';
import { ldifEntry, replacing } from './ldif.ts';
import { createOrganisation } from './organisation.ts';
import type { Employee, Organisation } from './organisation.ts';
import { createApp, registration } from './relying-party.ts';
import type { App, SignInRequest, Wishes } from './relying-party.ts';
import { startSallyport } from './sallyport.ts';
import type { Sallyport } from './sallyport.ts';
import { below, csrfOn } from './second-factor-steps.ts';
import { givePassword } from './sign-in.ts';
import { startSlapd, testSlapd } from './slapd.ts';
import type { TestSlapd } from './slapd.ts';

export const NEXT = 'violet tractor umbrella';
export const WRONG = 'That is not your current password. Check it.';
/** The door of the page that asks for a new password. */
export const FORM = 'change-password';
export const HELP = 'https://help.example.com/password';

/** To be read in tests, not before. */
export interface PasswordChanges {
  readonly slapd: TestSlapd;
  readonly codes: CodesSent;
  readonly database: Client;
  /** Of the tenants: nobody needs a second factor; everybody does; and passwords cannot be changed there. */
  readonly plain: App;
  readonly strict: App;
  readonly readOnly: App;
  /** Another one for each test, in a browser of their own. */
  readonly person: Employee;
  readonly browser: UserAgent;
  readonly newBrowser: () => void;
  /** A sign-in as far as what comes after the password. */
  readonly begin: (app: App, password?: string, wishes?: Wishes) => Promise<{ request: SignInRequest; page: Page }>;
  readonly change: (page: Page, next?: string, current?: string) => Promise<Page>;
  /** Posts a form that the page does not have. */
  readonly force: (page: Page, form: string, fields: Record<string, string>) => Promise<Page>;
  /** Of the person, known by name before they are a user. */
  readonly eventsOf: (types: readonly string[]) => Promise<AuditedEvent[]>;
  /** A password policy of the person's own (slapo-ppolicy(5)). */
  readonly givePolicy: (rules: Record<string, string>) => Promise<void>;
  /** As an administrator does it. */
  readonly setPassword: (password: string) => Promise<void>;
}

export interface AuditedEvent {
  type: string;
  reason: string | null;
  detail: Record<string, unknown> | null;
}

/** For the `describe` that it is called in. `breaking`: its tests stop the directory, so they get one of their own. */
export function passwordChanges(branch: string, { breaking = false } = {}): PasswordChanges {
  let slapd: TestSlapd;
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let database: Client;
  let apps: Record<'plain' | 'strict' | 'readOnly', App>;
  let person: Employee;
  let browser: UserAgent;
  let people = 0;
  let policies = 0;

  before(async () => {
    [slapd, codes] = await Promise.all([breaking ? startSlapd() : testSlapd(), startCodesSent()]);
    organisation = await createOrganisation(branch, { connectTimeoutMs: 1000, operationTimeoutMs: 1000 }, slapd);
    const tenant = (required: string, parts: object = {}) => ({
      name: 'Acme',
      passwordHelpUrl: HELP,
      policy: {
        secondFactors: { allowed: ['totp', 'recovery-code'], required },
        trustedDevices: {},
        trustDirectoryContacts: true,
      },
      directories: { people: { ...organisation.directory, ...parts } },
      clients: { orders: registration({ firstParty: true }) },
    });
    server = await startSallyport({
      server: codes.settings,
      tenants: {
        plain: tenant('never'),
        strict: tenant('always'),
        'read-only': tenant('never', { passwords: { change: 'no' } }),
      },
    });
    apps = {
      plain: await createApp(server.issuer('plain')),
      strict: await createApp(server.issuer('strict')),
      readOnly: await createApp(server.issuer('read-only')),
    };
    database = new Client(server.databaseUrl);
    await database.connect();
  });
  after(async () => {
    await Promise.all([database.end(), server.stop(), codes.stop(), breaking && slapd.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  return {
    get slapd() {
      return slapd;
    },
    get codes() {
      return codes;
    },
    get database() {
      return database;
    },
    get plain() {
      return apps.plain;
    },
    get strict() {
      return apps.strict;
    },
    get readOnly() {
      return apps.readOnly;
    },
    get person() {
      return person;
    },
    get browser() {
      return browser;
    },
    newBrowser: () => {
      browser = createUserAgent();
    },
    begin: async (app, password = person.password, wishes = {}) => {
      const request = await app.begin(wishes);
      const page = await givePassword(browser, await browser.get(request.url), { ...person, password });
      return { request, page };
    },
    change: (page, next = NEXT, current = person.password) =>
      browser.fillAndSubmit(page, { 'current-password': current, 'new-password': next }),
    force: (page, form, fields) => browser.post(below(page, form), { csrf: csrfOn(page), ...fields }, { from: page }),
    eventsOf: async (types) => {
      const { rows } = await database.query<AuditedEvent>(
        `select type, reason, detail from audit_events where type = any($2)
          and (detail ->> 'username' = $1 or subject_id in (select id::text from users where username = $1)) order by id`,
        [person.username, types],
      );
      return rows;
    },
    givePolicy: async (rules) => {
      const dn = `cn=policy${(policies += 1)},o=${branch},${slapd.suffix}`;
      const usual = { objectClass: ['device', 'pwdPolicy'], pwdAttribute: 'userPassword', pwdCheckQuality: '2' };
      await slapd.modify(ldifEntry(dn, { ...usual, ...rules }) + replacing(person.dn, 'pwdPolicySubentry', dn));
    },
    setPassword: (password) => slapd.modify(replacing(person.dn, 'userPassword', password)),
  };
}
