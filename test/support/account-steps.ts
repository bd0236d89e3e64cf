// People on their account pages, and the database behind them: to let time pass, and to see what became of it.

import { openPostgres } from '../../src/db/database-postgres.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import type { Page, UserAgent } from './browser-like-client.ts';
import { createOrganisation } from './organisation.ts';
import type { Organisation } from './organisation.ts';
import { registration } from './relying-party.ts';
import { startSallyport } from './sallyport.ts';
import type { Sallyport } from './sallyport.ts';
import { signIn } from './sign-in.ts';
import type { Person } from './sign-in.ts';
import { authenticatorFrom } from './totp.ts';

export interface Accounts {
  db: OpenDatabase;
  /** The address of an account page. */
  at(below?: string): string;
  /** From wherever they are to the account's first page, through whatever is asked. */
  enter(browser: UserAgent, person: Person, below?: string): Promise<Page>;
  /** The id of the person, by the name that the directory has. */
  userId(person: Person): Promise<string>;
  /** As if all that the person has proven had been proven so many seconds earlier. */
  age(person: Person, seconds?: number): Promise<void>;
  /** Uids of the person's sessions that go on. */
  sessionsOf(person: Person): Promise<string[]>;
  /** Types of audit events about the person or their session, in their order. */
  eventsOf(person: Person): Promise<string[]>;
}

export function accountsOf(server: Sallyport, tenant: string): Accounts {
  const db = openPostgres({ url: server.databaseUrl });
  const at = (below?: string) => `${server.issuer(tenant)}/account${below === undefined ? '' : `/${below}`}`;

  async function userId({ username }: Person): Promise<string> {
    const row = await db.one<{ id: string }>(
      'select u.id from users u join tenants t on t.id = u.tenant_id where t.slug = $1 and u.username = $2',
      [tenant, username],
    );
    if (!row) throw new Error(`${username} was never there`);
    return row.id;
  }

  return {
    db,
    at,
    enter: async (browser, person, below) => signIn(browser, await browser.get(at(below)), person),
    userId,

    async age(person, seconds = 400) {
      await db.query(
        `update sessions
            set auth_time = auth_time - make_interval(secs => $2),
                proofs = (select jsonb_agg(jsonb_set(p, '{at}', to_jsonb((p ->> 'at')::int - $2::int)))
                            from jsonb_array_elements(proofs) p)
          where user_id = $1`,
        [await userId(person), seconds],
      );
    },

    async sessionsOf(person) {
      const rows = await db.query<{ uid: string }>(
        'select uid from sessions where user_id = $1 and ended_at is null order by created_at',
        [await userId(person)],
      );
      return rows.map(({ uid }) => uid);
    },

    async eventsOf(person) {
      const rows = await db.query<{ type: string }>(
        `select type from audit_events where subject_kind = 'user' and subject_id = $1 order by at, id`,
        [await userId(person)],
      );
      return rows.map(({ type }) => type);
    },
  };
}

/** Two tenants of one organisation in which nobody has to have a second factor, and their accounts. */
export interface TwoTenants {
  server: Sallyport;
  organisation: Organisation;
  accounts: Accounts;
  /** Of the other tenant. */
  elsewhere: Accounts;
  stop(): Promise<void>;
}

export async function startTwoTenants(branch: string): Promise<TwoTenants> {
  const organisation = await createOrganisation(branch);
  const tenant = {
    name: 'Acme',
    policy: {
      secondFactors: { allowed: ['totp', 'passkey', 'recovery-code'], required: 'never' },
      trustedDevices: {},
    },
    directories: { people: organisation.directory },
    clients: { orders: registration(), wiki: registration({ client_name: 'Wiki' }) },
  };
  const server = await startSallyport({ tenants: { acme: tenant, globex: tenant } });
  const [accounts, elsewhere] = [accountsOf(server, 'acme'), accountsOf(server, 'globex')];
  return {
    server,
    organisation,
    accounts,
    elsewhere,
    async stop() {
      await Promise.all([accounts.db.close(), elsewhere.db.close()]);
      await server.stop();
    },
  };
}

/** On the page that adds an authenticator app. */
export async function addTotp(person: Person, browser: UserAgent, page: Page, name = 'Phone'): Promise<Page> {
  const isFirst = person.authenticator === undefined;
  person.authenticator = authenticatorFrom(page);
  // Of all of a person's apps a step is good for one use: that of an earlier app's code has passed.
  if (!isFirst) await person.authenticator.code();
  return browser.fillAndSubmit(page, { name, code: await person.authenticator.code() });
}

/** Where links of the page lead whose address ends so. */
export function linksOn(page: Page, ending: RegExp): string[] {
  const hrefs = page.document.querySelectorAll('a[href]').map((link) => link.getAttribute('href') ?? '');
  return hrefs.filter((href) => ending.test(href)).map((href) => new URL(href, page.url).href);
}

/** Where forms of the page post to whose address ends so. */
export function actionsOn(page: Page, ending: RegExp): string[] {
  const actions = page.document.querySelectorAll('form').map((form) => form.getAttribute('action') ?? '');
  return actions.filter((action) => ending.test(action)).map((action) => new URL(action, page.url).href);
}
