// The commands that mirror the admin API, as an operator types them, over a real database and with no server running.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

import { ensureInstalled } from '../support/install.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { testRedisUrl } from '../support/redis.ts';
import { MAIN } from '../support/sallyport.ts';

interface Ended {
  code: number | null;
  /** What it answered. */
  out: string;
  /** What it told besides. */
  told: string;
}

describe('the commands of the admin API', function () {
  this.timeout(60_000);
  let folder: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-api-commands-'));
    const configuration = {
      publicUrl: 'http://localhost:3000',
      databaseUrl: await testDatabaseUrl(),
      redisUrl: await testRedisUrl(),
      encryption: { keys: [{ id: 'test', secret: 'a secret of the tests, long enough to be one' }] },
      tenants: {
        acme: {
          name: 'Acme',
          roles: { biller: { permissions: ['invoice:approve'] } },
          clients: {
            wiki: { client_secret: 'a secret of the wiki, long enough', redirect_uris: ['https://wiki.test/'] },
          },
        },
      },
    };
    env = { ...process.env, SALLYPORT_CONFIG: await fileOf('sallyport.yaml', JSON.stringify(configuration)) };
  });
  after(() => rm(folder, { recursive: true }));

  async function fileOf(name: string, content: string): Promise<string> {
    const file = path.join(folder, name);
    await writeFile(file, content);
    return file;
  }

  async function ended(command: string, args: readonly string[], input?: string): Promise<Ended> {
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    // Most commands end without reading it.
    child.stdin.on('error', () => undefined).end(input);
    const [out, told] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, out, told };
  }
  const sallyport = (...args: string[]) => ended(process.execPath, [MAIN, ...args]);

  /** The answer of a command that is to work, as JSON. */
  async function answerOf<T>(...args: string[]): Promise<T> {
    const { code, out, told } = await sallyport(...args, '--json');
    expect(told).to.equal('');
    expect(code).to.equal(0);
    return JSON.parse(out) as T;
  }

  it('make somebody from members, and show everybody as a table', async () => {
    const made = await answerOf<{ id: string; profile: object }>(
      ...['users', 'create', '-t', 'acme', 'userName=ann', 'profile:={"name":"Ann Anderson"}'],
      ...['profile.email=ann@example.com', 'profile.emailVerified:=true'],
    );
    expect(made.profile).to.deep.equal({ name: 'Ann Anderson', email: 'ann@example.com', emailVerified: true });

    const { code, out, told } = await sallyport('users', 'list', '-t', 'acme', '--filter', 'userName eq "ann"');
    expect({ code, told }).to.deep.equal({ code: 0, told: '' });
    const [heading = '', row = '', ...more] = out.trimEnd().split('\n');
    expect(heading).to.match(/^id +userName +loginName +status/);
    expect(row).to.match(new RegExp(`^${made.id} +ann +ann@local +pending`));
    expect(more).to.deep.equal([]);
  });

  it('say what may be said of a thing', async () => {
    const { code, out } = await sallyport('users', 'create', '--help');
    expect(code).to.equal(0);
    expect(out.replaceAll(/\s+/g, ' ')).to.include('userName, profile, password: name=text, or name:=JSON');
  });

  it('take a body from standard input or a file, with members over it', async () => {
    const args = ['groups', 'create', '-t', 'acme', 'name=second', '--data', '-', '--json'];
    const whole = JSON.stringify({ name: 'first', description: 'by standard input' });
    const piped = await ended(process.execPath, [MAIN, ...args], whole);
    expect(JSON.parse(piped.out)).to.include({ name: 'second', description: 'by standard input' });
    const file = await fileOf('group.json', JSON.stringify({ name: 'third' }));
    expect(await answerOf('groups', 'create', '-t', 'acme', '--data', `@${file}`)).to.include({ name: 'third' });
  });

  it('change what is there, and with --if-match only what is still the same', async () => {
    const { id } = await answerOf<{ id: string }>('groups', 'create', '-t', 'acme', 'name=changing');
    const update = ['groups', 'update', '-t', 'acme', id];
    expect(await answerOf(...update, 'name=changed')).to.include({ name: 'changed' });
    const refused = await sallyport(...update, 'name=again', '--if-match', '"other"');
    expect(refused).to.include({ code: 4, out: '' });
    expect(refused.told).to.include('(precondition-failed)');
  });

  it('say by their exit code what came of it, and nothing on standard output', async () => {
    const nobody = crypto.randomUUID();
    const asked: Record<string, [code: number, ...args: string[]]> = {
      'is no JSON': [2, 'users', 'create', '-t', 'acme', 'profile:={'],
      'unknown command': [2, 'users', 'show'],
      'userName: is not known here': [2, 'groups', 'create', '-t', 'acme', 'name=x', 'userName=ann'],
      '(invalid-filter)': [2, 'users', 'list', '-t', 'acme', '--filter', 'shoeSize eq 42'],
      "required option '-t, --tenant <slug>'": [2, 'users', 'list'],
      'There is no such user. (not-found)': [3, 'users', 'get', '-t', 'acme', nobody],
      'There is no such tenant. (not-found)': [3, 'users', 'list', '-t', 'nowhere'],
      '(owned-by-file)': [4, 'settings', 'update', '-t', 'acme', 'tokens.idToken:=60'],
      '(built-in)': [4, 'roles', 'delete', '-t', 'acme', 'owner'],
      '(wrong-state)': [4, 'keys', 'rotate', '-t', 'acme'],
    };
    const all = await Promise.all(
      Object.entries(asked).map(async ([told, [code, ...args]]) => ({ told, code, ended: await sallyport(...args) })),
    );
    for (const { told, code, ended } of all) {
      expect(ended.told).to.include(told);
      expect(ended, ended.told).to.include({ code, out: '' });
    }
    const asJson = await sallyport('users', 'get', '-t', 'acme', nobody, '--json');
    expect(JSON.parse(asJson.told)).to.include({ code: 'not-found' });
  });

  it('sign with the next keys before their time, where that is said', async () => {
    const { items } = await answerOf<{ items: { kid: string; state: string }[] }>('keys', 'list', '-t', 'acme');
    const next = items.filter(({ state }) => state === 'next').map(({ kid }) => kid);
    const rotated = await answerOf<{ items: { kid: string; state: string }[] }>(
      ...['keys', 'rotate', '--tenant', 'acme', 'now:=true'],
    );
    const active = rotated.items.filter(({ state }) => state === 'active').map(({ kid }) => kid);
    expect(active).to.have.members(next);
  });

  it('import a file row by row, and end in 5 where one failed or none was there', async () => {
    const importOf = async (name: string, content: string, ...more: string[]) =>
      sallyport('users', 'import', '-t', 'acme', '--file', await fileOf(name, content), ...more);
    const people = 'userName,email,roles\nbob,bob@example.com,biller\ncarol,carol@example.com,nosuch\n';
    const tried = await importOf('people.csv', people, '--dry-run');
    expect(tried).to.include({ code: 5, told: '' });
    const done = await importOf('people.csv', people);
    expect(done).to.include({ code: 5, told: '' });
    const lines = done.out.trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line) as object)[0])).to.deep.equal([
      'import',
      'row',
      'row',
      'summary',
    ]);
    expect(JSON.parse(lines[3] ?? '')).to.nested.include({ 'summary.created': 1, 'summary.failed': 1 });
    expect(await importOf('dora.ndjson', '{"userName":"dora"}\n')).to.include({ code: 0 });
    expect(await importOf('none.csv', 'userName\n')).to.include({ code: 5 });

    const exported = await sallyport('users', 'export', '-t', 'acme', '--format', 'csv');
    expect(exported).to.include({ code: 0, told: '' });
    expect(exported.out)
      .to.match(/^userName,/)
      .and.to.include('bob@example.com');
  });

  it('tell why somebody could not sign in', async () => {
    const { code, out, told } = await sallyport('explain', '-t', 'acme', 'login=nobody', 'client_id=wiki');
    expect({ code, told }).to.deep.equal({ code: 0, told: '' });
    expect(out).to.match(/^verdict:\n {2}code: unknown-login$/m);
  });

  it('are in the audit trail as the command line’s', async () => {
    const { items } = await answerOf<{ items: { actor: object }[] }>(
      ...['audit-events', 'list', '-t', 'acme', '--filter', 'type eq "group.created"', '--page-size', '1'],
    );
    expect(items.map(({ actor }) => actor)).to.deep.equal([{ kind: 'system', id: 'command line', tenant: 'root' }]);
  });

  it('are completed by bash', async () => {
    const script = await fileOf('completion.bash', (await sallyport('completion', 'bash')).out);
    const completed = async (...words: string[]) => {
      const line = `source '${script}'; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sallyport; echo "\${COMPREPLY[@]}"`;
      const bash = await ensureInstalled('bash', 'bash');
      const { out, told } = await ended(bash, ['-c', line, 'bash', 'sallyport', ...words]);
      expect(told).to.equal('');
      return out.trim().split(' ');
    };
    expect(await completed('')).to.include.members(['serve', 'users', 'tenants', 'explain', '--help']);
    expect(await completed('use')).to.deep.equal(['users']);
    expect(await completed('users', 'reset')).to.deep.equal(['reset-factors']);
    expect(await completed('users', 'list', '--fil')).to.deep.equal(['--filter']);
    expect(await completed('users', 'list', '--filter', 'x', '--so')).to.deep.equal(['--sort']);
    expect(await completed('admin', 'one')).to.deep.equal(['one-time-link']);
  });
});
