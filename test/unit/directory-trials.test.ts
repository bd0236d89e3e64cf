import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { expect } from 'chai';

import { createDirectoryTrials } from '../../src/directory/directory-trials.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { openDirectory } from '../support/open-directory.ts';

describe('a directory that is tried for an administrator', () => {
  const sockets = new Set<Socket>();
  let silent: Server;
  before(async () => {
    silent = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  const tried = () => {
    const { port } = silent.address() as AddressInfo;
    const settings = directorySettings.parse({
      urls: [`ldap://127.0.0.1:${port}`],
      tls: { mode: 'none' },
      bindDn: 'cn=service,dc=example',
      baseDn: 'dc=example',
      connectTimeoutMs: 3_000,
    });
    return { name: 'corp', settings, bindPassword: 'secret' };
  };
  const trials = (limitMs: number) =>
    createDirectoryTrials(
      ({ settings, bindPassword = '' }) =>
        openDirectory({ dn: settings.bindDn, password: bindPassword }, settings, { bindPassword }),
      limitMs,
    );

  it('is given up after a time, and says so', async () => {
    const started = performance.now();
    const { ok, steps } = await trials(200)(tried(), 'ann');
    expect(performance.now() - started).to.be.below(2_000);
    expect(ok).to.equal(false);
    expect(steps.at(-1)).to.include({ step: 'time', ok: false });
    expect(steps.at(-1)?.told).to.deep.equal(['given up after 0.2 s']);
  });

  it('waits for nobody else: only so many are tried at once', async () => {
    const run = trials(300);
    const all = await Promise.allSettled(Array.from({ length: 7 }, () => run(tried(), undefined)));
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(refused).to.deep.equal(['overloaded', 'overloaded']);
    expect((await run(tried(), undefined)).ok).to.equal(false);
  });
});
