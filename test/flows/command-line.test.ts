// The command line as an operator types it, on real servers.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

import { freePort } from '../support/ports.ts';
import { emptyDatabaseUrl } from '../support/postgres.ts';
import { testRedisUrl } from '../support/redis.ts';
import { directoryOf, runSallyport } from '../support/sallyport.ts';

const sallyport = (...args: string[]) => runSallyport(args);

describe('the command line', () => {
  let folder: string;
  let settings: Record<string, unknown>;

  /** Writes the configuration with something changed; answers its path. */
  async function configured(changes: Record<string, unknown> = {}): Promise<string> {
    const file = path.join(folder, `${crypto.randomUUID()}.yaml`);
    await writeFile(file, JSON.stringify({ ...settings, ...changes }, null, 2));
    return file;
  }

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-cli-'));
    settings = {
      publicUrl: 'http://localhost:3000',
      databaseUrl: await emptyDatabaseUrl(),
      redisUrl: await testRedisUrl(),
      encryption: { keys: [{ id: 'k1', secret: 'the first secret, which is long enough' }] },
      tenants: { acme: { name: 'Acme', directories: { people: await directoryOf('acme') } } },
    };
  });
  after(() => rm(folder, { recursive: true }));

  it('names each bad key, where it came from and how to mend it', async () => {
    const file = await configured({
      trustedProxys: [],
      tenants: { acme: { name: 'Acme', branding: { colour: 'blue' } } },
    });
    const { code, output } = await sallyport('check-config', '--config', file);
    expect(code).to.equal(1);
    expect(output).to.match(/trustedProxys[^]*trustedProxies/);
    expect(output).to.match(/tenants\.acme\.branding\.colour[^]*at: .*\.yaml:\d+:\d+\n\s+mend: /);
  });

  it('asks Postgres, Redis and each directory', async () => {
    const { code, output } = await sallyport('check-config', '--probe', '--config', await configured());
    expect(output)
      .to.match(/Postgres/)
      .and.to.match(/Redis/)
      .and.to.match(/directory acme\/people/);
    expect(code).to.equal(0);
  });

  it('says which of them does not answer, and what it was asked', async () => {
    const wrong = await directoryOf('acme', { bindPassword: 'wrong' });
    const changes = {
      redisUrl: `redis://127.0.0.1:${await freePort()}`,
      tenants: { acme: { name: 'Acme', directories: { people: wrong } } },
    };
    const { code, output } = await sallyport(
      'check-config',
      '--probe',
      '--json',
      '--config',
      await configured(changes),
    );
    expect(code).to.equal(1);
    const { probes } = JSON.parse(output) as {
      probes: { name: string; ok: boolean; steps: { step: string; ok: boolean }[] }[];
    };
    expect(Object.fromEntries(probes.map(({ name, ok }) => [name, ok]))).to.deep.equal({
      Postgres: true,
      Redis: false,
      'directory acme/people': false,
    });
    const failed = probes.flatMap(({ steps }) => steps.filter(({ ok }) => !ok).map(({ step }) => step));
    expect(failed).to.deep.equal(['bind']);
    expect(output).not.to.include('wrong');
  });

  it('refuses to serve before the migrations, runs them, and takes one back', async () => {
    const file = await configured();
    const early = await sallyport('serve', '--config', file);
    expect(early.code).to.equal(1);
    expect(early.output).to.include('sallyport migrate');

    const first = await sallyport('migrate', '--config', file);
    const applied = [...first.output.matchAll(/applied: (\w+)/g)].map(([, name]) => name);
    expect(applied[0]).to.equal('0001_tenants');
    expect((await sallyport('migrate', '--config', file)).output).to.include('up to date');
    expect((await sallyport('migrate', '--down', '--config', file)).output).to.include(
      `taken back: ${applied.at(-1) ?? ''}`,
    );
    expect(await sallyport('migrate', '--config', file)).to.include({ code: 0 });
  });

  it('makes an administrator once, and gives one who lost the password a new one', async () => {
    const file = await configured();
    await sallyport('migrate', '--config', file);
    const made = await sallyport('admin', 'create', 'alice', '--config', file);
    expect(made.code, made.output).to.equal(0);
    expect(made.output).to.match(/Password: [a-z2-9-]{23}\n/);

    const again = await sallyport('admin', 'create', 'alice', '--config', file);
    expect(again.code).to.equal(4);
    expect(again.output).to.include('sallyport admin set-password');
    const mended = await sallyport('admin', 'set-password', 'alice', '--config', file);
    expect(mended.output).to.match(/Password: [a-z2-9-]{23}\n/);

    const weak = path.join(folder, 'weak-password');
    await writeFile(weak, 'passwordpassword1\n');
    const refused = await sallyport('admin', 'set-password', 'alice', '--password-file', weak, '--config', file);
    expect(refused.code).to.equal(4);
    expect(refused.output).to.include('common').and.not.to.include('passwordpassword1');
    const nowhere = await sallyport('admin', 'create', 'bob', '--tenant', 'nowhere', '--config', file);
    expect(nowhere.output).to.include('nowhere');
    expect(nowhere.code).to.equal(3);
  });

  it('prints a link by which an administrator chooses a new password', async () => {
    const file = await configured();
    await sallyport('migrate', '--config', file);
    await sallyport('admin', 'create', 'carol', '--config', file);
    const made = await sallyport('admin', 'one-time-link', 'carol', '--config', file);
    expect(made.code, made.output).to.equal(0);
    expect(made.output).to.match(/^http:\/\/localhost:3000\/t\/root\/link\/[\w-]{43}$/m);
    const events = await sallyport('audit-events', 'list', '-t', 'root', '--json', '--config', file);
    expect(events.output).to.match(
      /"type": "user\.link_sent"[^]*?"actor": \{\s*"kind": "system",\s*"id": "command line"/,
    );
    const nobody = await sallyport('admin', 'one-time-link', 'nobody', '--config', file);
    expect(nobody.output).to.equal('There is no account nobody in tenant root.\n');
    expect(nobody.code).to.equal(3);
  });
});
