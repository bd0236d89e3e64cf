// docs/admin-api.md, typed into a shell as it stands, at the demo.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

import { sharedDemo } from '../support/browser-demo.ts';
import { ensureInstalled } from '../support/install.ts';

/** Tells the status of every request on standard error. */
const TELLING_CURL = `curl() { command curl -w '%{stderr}<%{http_code}>\\n' "$@"; }`;

describe('docs/admin-api.md', function () {
  this.timeout(60_000);

  it('can be typed from its first line to its last', async () => {
    const page = await readFile('docs/admin-api.md', 'utf8');
    const tour = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) => block).join('\n');
    const { admin } = await sharedDemo('admin-api-documentation');
    const { origin } = new URL(admin.docs);
    const script = tour.replace(/^URL=.*$/m, `URL=${origin}`).replace(/^KEY=.*$/m, `KEY=${admin.apiKey}`);
    expect(script).to.include(origin).and.to.include(admin.apiKey);

    const [bash] = await Promise.all([ensureInstalled('bash', 'bash'), ensureInstalled('curl', 'curl')]);
    const cwd = await mkdtemp(path.join(tmpdir(), 'sallyport-tour-'));
    const shell = spawn(bash, ['-euo', 'pipefail', '-c', `${TELLING_CURL}\n${script}`], { cwd });
    const [out, told] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'exit')]);
    await rm(cwd, { recursive: true });

    // One that writes something of its own does not tell.
    const requests = tour.split('\n').filter((line) => /^(\w+=\$\()?(api|curl) /.test(line) && !line.includes(' -w '));
    const statuses = [...told.matchAll(/<(\d{3})>/g)].map(([, status]) => Number(status));
    expect(statuses, `${out}${told}`).to.have.lengthOf(requests.length);
    for (const [at, line] of requests.entries()) {
      const [, refused] = /# (\d{3})$/.exec(line) ?? [];
      const status = statuses[at] ?? 0;
      expect(refused === undefined ? status < 300 : status === Number(refused), `${line}: ${status}\n${out}`).to.equal(
        true,
      );
    }
    expect(requests.length).to.be.greaterThan(40);
    expect(shell.exitCode, told).to.equal(0);
  });
});
