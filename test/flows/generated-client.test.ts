// What a generator of the ecosystem makes of the OpenAPI document: it type-checks, and drives the server.

import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { runSallyport, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../generated-client', import.meta.url));

describe('a client generated of the OpenAPI document', function () {
  this.timeout(120_000);
  let folder: string;
  let sallyport: Sallyport;

  before(async () => {
    // A folder of its own, for its generator wants another TypeScript.
    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-client-'));
    await cp(PROGRAM, folder, { recursive: true });
    [sallyport] = await Promise.all([
      startSallyport({ tenants: { acme: { name: 'Acme' } } }),
      run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder }),
    ]);
    const document = `${sallyport.publicUrl}/admin/v1/openapi.json`;
    await run('node_modules/.bin/openapi-typescript', [document, '-o', 'api.d.ts'], { cwd: folder });
  });
  after(async () => {
    await sallyport.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('type-checks', async () => {
    const checked = await run('node_modules/.bin/tsc', ['-p', '.'], { cwd: folder }).catch(String);
    expect(checked).to.deep.equal({ stdout: '', stderr: '' });
  });

  it('takes a user and a group through their lives', async () => {
    const permissions = 'permissions:=["users:read","users:write","groups:read","groups:write"]';
    const config = ['--config', sallyport.configFile, '--json'];
    const { output } = await runSallyport(['api-keys', 'create', '-t', 'acme', 'name=client', permissions, ...config]);
    const { key }: { key: string } = JSON.parse(output);
    const args = ['drive.ts', `${sallyport.publicUrl}/admin/v1`, key, 'acme'];
    const { stdout } = await run(process.execPath, args, { cwd: folder });
    expect(JSON.parse(stdout)).to.deep.equal({
      givenName: 'Cleopatra',
      stale: 'precondition-failed',
      member: 201,
      found: ['cleo'],
      deleted: 204,
      gone: 'not-found',
    });
  });
});
