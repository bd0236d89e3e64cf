// `sallyport directory test` as an operator types it, on a real directory.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect } from 'chai';
import { z } from 'zod';

import { freePort } from '../support/ports.ts';
import { directoryOf, runSallyport } from '../support/sallyport.ts';
import { testSlapd } from '../support/slapd.ts';

const BIND_PASSWORD = 'sallyport-demo-1234';

const steps = z.array(
  z.object({
    step: z.string(),
    ok: z.boolean(),
    told: z.array(z.string()),
    exchanges: z.array(z.object({ server: z.string(), asked: z.string(), answered: z.string() })),
  }),
);

describe('sallyport directory test', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-directory-test-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(name: string, content: string): Promise<string> {
    const place = path.join(folder, name);
    await writeFile(place, content);
    return place;
  }

  /** The answer to `directory test acme people …`, with the directory's settings changed. */
  async function test(args: readonly string[], settings: object = {}) {
    const configuration = {
      publicUrl: 'http://localhost:3000',
      encryption: { keys: [{ id: 'k1', secret: 'the first secret, which is long enough' }] },
      tenants: { acme: { name: 'Acme', directories: { people: await directoryOf('acme', settings) } } },
    };
    const config = await file(`${crypto.randomUUID()}.yaml`, JSON.stringify(configuration));
    const answer = await runSallyport(['directory', 'test', ...args, '--config', config]);
    expect(answer.output).not.to.include(BIND_PASSWORD);
    return answer;
  }

  it('shows what was asked and answered, down to the way that somebody is in a group', async () => {
    const slapd = await testSlapd();
    const { code, output } = await test(['acme', 'people', 'ann']);
    expect(code, output).to.equal(0);
    expect(output).to.match(/^servers: ok \(\d+ ms\)$/m);
    expect(output).to.match(/^ {2}ok \S+ tls \(\d+ ms\): starttls/m);
    expect(output).to.match(/^ {2}entry: uid=ann,ou=people,o=acme/m);
    expect(output).to.match(/^ {2}immutable id: [0-9a-f-]{36}$/m);
    expect(output).to.include(`${new URL(slapd.url).host} was asked: search `);
    expect(output).to.match(/was asked: .*\(uid=ann\)/);
    expect(output).to.match(/after \d+ ms: 1 entr/);
    expect(output).to.match(/^groups of ann: ok/m);
    expect(output).to.match(/^ {2}\S+: cn=.*, direct$/m);
    expect(output).to.match(/^ {2}\S+: cn=.*, by cn=/m);
  });

  it('says at which step it fails, and ends with 1', async () => {
    const refused = await test(['acme', 'people', 'ann'], { bindPassword: 'wrong-one' });
    expect(refused.code).to.equal(1);
    expect(refused.output)
      .to.match(/^servers: FAILED/m)
      .and.to.match(/FAILED \S+ bind .*49/);
    expect(refused.output).not.to.include('find ann').and.not.to.include('wrong-one');

    const nobody = await test(['acme', 'people', 'nobody']);
    expect(nobody.code).to.equal(1);
    expect(nobody.output).to.match(/^find nobody: FAILED[^]*no entry matches/m);

    const away = await test(['acme', 'people'], { urls: [`ldap://127.0.0.1:${await freePort()}`] });
    expect(away.code).to.equal(1);
    expect(away.output).to.match(/FAILED \S+ connect .*ECONNREFUSED/);
  });

  it('goes on with the servers that answer, and ends with 1 for the one that does not', async () => {
    const { url } = await testSlapd();
    const { code, output } = await test(['acme', 'people', 'ann'], {
      urls: [`ldap://127.0.0.1:${await freePort()}`, url],
    });
    expect(code).to.equal(1);
    expect(output)
      .to.match(/^servers: FAILED/m)
      .and.to.match(/^groups of ann: ok/m);
  });

  it('tries a password once, if it is given one', async () => {
    const right = await file('right', 'ann-demo-1234\n');
    const wrong = await file('wrong', 'not-the-password-of-ann\n');
    const good = await test(['acme', 'people', 'ann', '--password-file', right]);
    expect(good.output).to.match(/^sign in as ann: ok[^]*the password is right/m);
    expect(good.output).not.to.include('ann-demo-1234');
    const bad = await test(['acme', 'people', 'ann', '--password-file', wrong]);
    expect(bad.code).to.equal(1);
    expect(bad.output).to.match(/^sign in as ann: FAILED[^]*refused: bad-credentials/m);
    expect(bad.output).not.to.include('not-the-password-of-ann');
  });

  it('says the same to a program', async () => {
    const { code, output } = await test(['acme', 'people', 'ann', '--json']);
    expect(code).to.equal(0);
    const told = steps.parse(JSON.parse(output));
    const names = ['servers', 'rules for passwords', 'find ann', 'groups of ann'];
    expect(told.map(({ step }) => step)).to.deep.equal(names);
    for (const { step, ok, exchanges } of told) {
      expect(ok, step).to.equal(true);
      if (step !== 'rules for passwords') expect(exchanges, step).not.to.deep.equal([]);
    }
  });

  it('asks what is meant by a name that is not there', async () => {
    expect(await test(['acne', 'people'])).to.deep.include({ code: 1 });
    expect((await test(['acne', 'people'])).output).to.include('no tenant called acne. Did you mean acme?');
    expect((await test(['acme', 'poeple'])).output).to.include(
      'no directory of acme called poeple. Did you mean people?',
    );
  });
});
