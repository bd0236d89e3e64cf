import { expect } from 'chai';

import { checkConfig } from '../../src/check-config.ts';
import type { Probe } from '../../src/check-config.ts';
import { AppError } from '../../src/errors.ts';
import { LEAST, SECRET, configFolder } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

const ANSWERS: Probe = { name: 'Redis', check: () => Promise.resolve([]) };

describe('check-config', () => {
  let folder: ConfigFolder;
  let file: string;
  before(() => {
    folder = configFolder();
    file = folder.write('good.yaml', LEAST);
  });
  after(() => {
    folder.remove();
  });

  it('says that all is well', async () => {
    expect(await checkConfig({ file, env: {} })).to.deep.equal({
      exitCode: 0,
      report: 'The configuration is good: no errors, no warnings.\n',
    });
  });

  it('names each bad key, where it stands and how to mend it', async () => {
    const bad = folder.write('bad.yaml', `${LEAST}loglevel: info\nlisten: { port: 70000 }\n`);
    const { exitCode, report } = await checkConfig({ file: bad, env: { SALLYPORT_SERVICE_HOST: '10.0.0.1' } });
    expect(exitCode).to.equal(1);
    expect(report).to.equal(`error: loglevel is not a known key
    at: ${bad}:3:1
  mend: did you mean logLevel?

error: listen.port is not valid
    at: ${bad}:4:11
  mend: use at most 65535

warning: SALLYPORT_SERVICE_HOST is not a known variable
    at: environment variable SALLYPORT_SERVICE_HOST
  mend: unset it, if it was meant for this server

The configuration is not good: 2 errors, 1 warning.
`);
  });

  it('exits with 0 when there are only warnings', async () => {
    const { exitCode, report } = await checkConfig({ file, env: { SALLYPORT_SERVICE_HOST: '10.0.0.1' } });
    expect(exitCode).to.equal(0);
    expect(report).to.match(/The configuration is good: no errors, 1 warning\.\n$/);
  });

  it('tells the same as JSON', async () => {
    const bad = folder.write('bad.yaml', `${LEAST}loglevel: info\n`);
    const { exitCode, report } = await checkConfig({ file: bad, env: {}, json: true });
    expect(exitCode).to.equal(1);
    expect(JSON.parse(report)).to.deep.equal({
      ok: false,
      problems: [
        {
          path: 'loglevel',
          source: `${bad}:3:1`,
          message: 'is not a known key',
          mend: 'did you mean logLevel?',
        },
      ],
      warnings: [],
      probes: [],
    });
  });

  describe('with probes', () => {
    it('asks them with the configuration, and tells the time of each and its steps', async () => {
      const directory: Probe = {
        name: 'directory acme/corp',
        check: () =>
          Promise.resolve([
            { step: 'connect', server: 'dc1.example:389', ok: true, milliseconds: 3, detail: '' },
            { step: 'tls', server: 'dc1.example:389', ok: false, milliseconds: 12, detail: 'certificate has expired' },
          ]),
      };
      let asked = '';
      const probes = ({ publicUrl }: { publicUrl: string }) => {
        asked = publicUrl;
        return [ANSWERS, directory];
      };
      const { exitCode, report } = await checkConfig({ file, env: {}, probes });
      expect(asked).to.equal('https://id.example.com');
      expect(exitCode).to.equal(1);
      expect(report.replaceAll(/\(\d+ ms\)/g, '(n ms)')).to.equal(`probe: Redis answered (n ms)
probe: directory acme/corp failed (n ms)
         dc1.example:389 connect answered (n ms)
         dc1.example:389 tls failed (n ms): certificate has expired

The configuration is not good: no errors, no warnings, 1 probe failed.
`);
    });

    it('asks them at the same time', async () => {
      const meeting = Promise.withResolvers<undefined>();
      const waits: Probe = { name: 'waits', check: () => meeting.promise.then(() => []) };
      const comes: Probe = {
        name: 'comes',
        check: () => {
          meeting.resolve(undefined);
          return Promise.resolve([]);
        },
      };
      const { exitCode, report } = await checkConfig({ file, env: {}, probes: () => [waits, comes] });
      expect(exitCode).to.equal(0);
      expect(report).to.match(/every probe answered\.\n$/);
    });

    it('tells the cause of a failure, without the secrets that it quotes', async () => {
      const url = `postgres://sallyport:${encodeURIComponent('p@ss/word')}@db.example.com/sallyport`;
      const good = folder.write('probed.yaml', `${LEAST}databaseUrl: ${url}\n`);
      const failure = new Error(`connect to ${url} as p@ss/word refused, key ${SECRET}`, {
        cause: new AggregateError([new Error('ECONNREFUSED ::1'), new Error('ECONNREFUSED 127.0.0.1')], ''),
      });
      const probe: Probe = {
        name: 'Postgres',
        check: () => Promise.reject(new AppError('storage_unavailable', 503, 'No storage.', { cause: failure })),
      };
      for (const json of [false, true]) {
        const { exitCode, report } = await checkConfig({ file: good, env: {}, json, probes: () => [probe] });
        expect(exitCode).to.equal(1);
        expect(report).to.include('ECONNREFUSED ::1; ECONNREFUSED 127.0.0.1').and.include('No storage.');
        expect(report).to.include('connect to [secret] as [secret] refused, key [secret]');
      }
    });

    it('counts one that throws at once as failed', async () => {
      const probe: Probe = {
        name: 'Postgres',
        check: () => {
          throw new Error('no such driver');
        },
      };
      const { exitCode, report } = await checkConfig({ file, env: {}, probes: () => [probe] });
      expect(exitCode).to.equal(1);
      expect(report).to.match(/Postgres failed \(\d+ ms\): no such driver/);
    });

    it('gives up one that never answers', async () => {
      const silent: Probe = { name: 'Redis', check: () => new Promise(() => undefined) };
      const { exitCode, report } = await checkConfig({ file, env: {}, probes: () => [silent], probeLimitMs: 20 });
      expect(exitCode).to.equal(1);
      expect(report).to.include('no answer within 20 ms');
    });

    it('asks nobody about a configuration that is not good', async () => {
      const bad = folder.write('bad.yaml', 'publicUrl: x\n');
      const probes = () => {
        throw new Error('asked');
      };
      const { report } = await checkConfig({ file: bad, env: {}, probes });
      expect(report).to.match(/not good: 2 errors, no warnings\.\n$/);
    });
  });
});
