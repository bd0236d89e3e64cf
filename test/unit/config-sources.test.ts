import { expect } from 'chai';

import { loadConfiguration } from '../../src/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { LEAST, REDIRECT, SECRET, TENANT, configFolder, itTells, problemsOf, withDirectory } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

const CORP = 'tenants.acme.directories.corp';
const APP = 'tenants.acme.clients.app';

describe('what is wrong with a configuration', () => {
  let folder: ConfigFolder;
  before(() => (folder = configFolder()));
  after(() => {
    folder.remove();
  });

  describe('a file that is no YAML', () => {
    itTells({
      'a key that is there twice': {
        yaml: `${LEAST}logLevel: info\nlogLevel: warn #!\n`,
        path: '',
        message: /logLevel is there twice/,
        mend: /keep one/,
      },
      'a tab': { yaml: `${LEAST}listen:\n\tport: 3000 #!\n`, path: '', message: /tab/, mend: /spaces/ },
      'an indentation that fits nothing': {
        yaml: `${LEAST}listen:\n    port: 1\n  host: x #!\n`,
        path: '',
        message: /indentation/,
        mend: /alike/,
      },
      'a secret that begins as an alias': {
        yaml: `${LEAST}redisUrl: *${SECRET} #!\n`,
        path: '',
        message: /begins with/,
        mend: /quotes/,
      },
      'a secret that begins as a tag': {
        yaml: `${LEAST}redisUrl: !${SECRET} x #!\n`,
        path: '',
        message: /begins with/,
        mend: /quotes/,
      },
      'a secret that begins with a reserved character': {
        yaml: `${LEAST}redisUrl: @${SECRET} #!\n`,
        path: '',
        message: /begins with/,
        mend: /quotes/,
      },
      'a secret with a colon': {
        yaml: `${LEAST}redisUrl: ${SECRET}: x #!\n`,
        path: '',
        message: /not valid YAML/,
        mend: /quotes/,
      },
      'a map for a key': {
        yaml: `${LEAST}tenants: { { ${SECRET}: 1 }: 2 } #!\n`,
        path: '',
        message: /where a key should/,
        mend: /plain text/,
      },
      'an alias to what it is in': {
        yaml: `${LEAST}tenants: &t { acme: *t } #!\n`,
        path: '',
        message: /begins with/,
        mend: /./,
      },
      'a mistake that breaks the rest of its line': {
        yaml: '- a\nb: 1 #!\n',
        path: '',
        mend: /example\.yaml/,
      },
      'two documents': { yaml: `${LEAST}--- #!\na: 1\n`, path: '', message: /second document/, mend: /hyphens/ },
    });
  });

  describe('a value in a file of its own', () => {
    itTells({
      'a secret given twice': {
        yaml: `${LEAST}redisUrl: redis://:${SECRET}@h #!\nredisUrlFile: there\n`,
        path: 'redisUrl',
        message: /both as a value and as a file \(redisUrlFile\)/,
        mend: /keep one/,
      },
      'authorities given twice': {
        yaml: withDirectory("urls: ['ldap://a'], tls: { ca: '-----BEGIN CERTIFICATE-----', caFile: x }"),
        path: `${CORP}.tls.ca`,
        mend: /keep one/,
      },
      'a secret file that is not there': {
        yaml: `${TENANT}    clients:\n      app: { client_secretFile: nowhere, ${REDIRECT} } #!\n`,
        path: `${APP}.client_secretFile`,
        message: /does not exist/,
        mend: /correct the path/,
      },
      'a secret file without a name': {
        yaml: `${LEAST}redisUrlFile: 3 #!\n`,
        path: 'redisUrlFile',
        mend: /path of a file/,
      },
      'a folder for a secret file': {
        yaml: `${LEAST}redisUrlFile: . #!\n`,
        path: 'redisUrlFile',
        message: /cannot be read/,
        mend: /user/,
      },
    });
  });

  it('is told with the column too', () => {
    const [problem] = problemsOf(folder.load(`${LEAST}listen: { host: x, prot: 1 }\n`));
    expect(problem?.source).to.equal(`${folder.path}/sallyport.yaml:3:20`);
  });

  it('is told in the order of the lines, and what the environment has after them', () => {
    const problems = problemsOf(folder.load(`z: 1\n${LEAST}tenants: { acme: {} }\nlogLevel: x\n`, { PORT: 'x' }));
    expect(problems.map(({ path }) => path)).to.deep.equal(['z', 'tenants.acme.name', 'logLevel', 'listen.port']);
  });

  for (const yaml of [
    `${TENANT}    clients: { app: { ${REDIRECT}, client_secret: abc,${SECRET} } }\n`,
    `${TENANT}    clients: { app: { ${REDIRECT}, client_secret:${SECRET} } }\n`,
  ]) {
    it(`quotes no secret that YAML takes for a key: ${yaml.slice(yaml.indexOf('client_secret'))}`, () => {
      const problems = problemsOf(folder.load(yaml));
      const [hidden] = problems.filter(({ message }) => message === 'is not a known key');
      expect(hidden).to.include({ path: `${APP}.…` });
      expect(hidden?.source).to.match(/sallyport\.yaml:6:\d\d/);
      expect(JSON.stringify(problems)).to.not.include('hunter2');
    });
  }

  it('is that there is no such file', () => {
    const file = `${folder.path}/nowhere.yaml`;
    expect(problemsOf(loadConfiguration({ file, env: {} }))).to.deep.equal([
      {
        path: '',
        source: file,
        message: 'does not exist',
        mend: 'check the path given by --config or SALLYPORT_CONFIG',
      },
    ]);
  });

  it('is that its aliases would fill the memory', () => {
    const names = 'abcdefgh'.split('');
    const bomb = names.map((name, at) => `${name}: &${name} [${`*${names[at - 1] ?? ''}, `.repeat(at && 12)}1]\n`);
    expect(problemsOf(folder.load(bomb.join('')))[0]).to.include({ path: '', message: 'is not a map of keys' });
  });

  it('is that the file is something else', () => {
    expect(problemsOf(folder.load('- a\n- b\n'))[0]).to.include({ path: '', message: 'is not a map of keys' });
  });

  it('lies in the file that a secret came from', () => {
    folder.write('short', 'hunter2\n');
    const [problem] = problemsOf(
      folder.load('publicUrl: https://a.example\nencryption: { keys: [{ id: k1, secretFile: short }] }'),
    );
    expect(problem).to.deep.include({ path: 'encryption.keys.0.secret', source: `file ${folder.path}/short` });
    expect(problem?.message).to.not.include('hunter2');
  });

  for (const [name, content, message] of [
    ['is empty', '\n', 'names an empty file'],
    ['is too large', 'x'.repeat(300_000), 'names a file of more than 256 kB'],
  ] as const) {
    it(`is a secret file that ${name}, and then not also that the secret is missing`, () => {
      folder.write('secret', content);
      const problems = problemsOf(
        folder.load(`${TENANT}    clients: { app: { client_secretFile: secret, ${REDIRECT} } }\n`),
      );
      expect(problems.map((problem) => [problem.path, problem.message])).to.deep.equal([
        [`${APP}.client_secretFile`, message],
      ]);
    });
  }

  for (const [name, content, message] of [
    ['is none, whatever its name says', Buffer.from('<html>'), 'names no PNG, JPEG, WebP or SVG file'],
    ['is too large', Buffer.alloc(80_000, 'x'), 'names a picture of more than 70 kB'],
  ] as const) {
    it(`is a logo that ${name}`, () => {
      folder.write('logo.png', content);
      const problems = problemsOf(folder.load(`${TENANT}    branding: { logo: logo.png }\n`));
      expect(problems.map((problem) => [problem.path, problem.message])).to.deep.equal([
        ['tenants.acme.branding.logo', message],
      ]);
    });
  }

  describe('in the environment', () => {
    const cases: Record<string, { env: Environment; path: string; source: string; mend: RegExp }> = {
      'a misspelt variable': {
        env: { SALLYPORT_REDIS_URI: SECRET },
        path: 'SALLYPORT_REDIS_URI',
        source: 'environment variable SALLYPORT_REDIS_URI',
        mend: /did you mean SALLYPORT_REDIS_URL\?/,
      },
      'a value of the wrong type': {
        env: { SALLYPORT_LISTEN_PORT: 'http' },
        path: 'listen.port',
        source: 'environment variable SALLYPORT_LISTEN_PORT',
        mend: /number/,
      },
      'a PORT of the wrong type': {
        env: { PORT: '/run/pipe', SALLYPORT_LISTEN_PORT: '80' },
        path: 'listen.port',
        source: 'environment variable PORT',
        mend: /number/,
      },
      'neither true nor false': {
        env: { SALLYPORT_PRODUCTION: 'yes' },
        path: 'production',
        source: 'environment variable SALLYPORT_PRODUCTION',
        mend: /true or false/,
      },
      'a secret given twice': {
        env: { SALLYPORT_DATABASE_URL: `postgres://u:${SECRET}@h/d`, SALLYPORT_DATABASE_URL_FILE: '/nowhere' },
        path: 'databaseUrl',
        source: 'environment variable SALLYPORT_DATABASE_URL',
        mend: /keep one/,
      },
      'a secret file that is not there': {
        env: { SALLYPORT_ENCRYPTION_KEYS_0_ID: 'k1', SALLYPORT_ENCRYPTION_KEYS_0_SECRET_FILE: '/nowhere/k1' },
        path: 'encryption.keys.0.secretFile',
        source: 'environment variable SALLYPORT_ENCRYPTION_KEYS_0_SECRET_FILE',
        mend: /correct the path/,
      },
      'a list with a gap': {
        env: { SALLYPORT_ENCRYPTION_KEYS_1_ID: 'k1', SALLYPORT_ENCRYPTION_KEYS_1_SECRET: SECRET },
        path: 'encryption.keys.0',
        source: 'environment',
        mend: /from 0 on/,
      },
      'half of a mail server': {
        env: { SALLYPORT_MAIL_URL: 'smtp://h' },
        path: 'mail.from',
        source: 'environment variable SALLYPORT_MAIL_FROM',
        mend: /add from, or set SALLYPORT_MAIL_FROM/,
      },
    };
    for (const [name, { env, path, source, mend }] of Object.entries(cases)) {
      it(`is told with the variable: ${name}`, () => {
        const problems = problemsOf(folder.load(LEAST, env));
        expect(problems).to.have.length(1);
        expect(problems[0]).to.include({ path, source });
        expect(problems[0]?.mend).to.match(mend);
        expect(JSON.stringify(problems)).to.not.include('hunter2');
      });
    }

    it('is what is missing, by its variable, when there is no file', () => {
      expect(problemsOf(loadConfiguration({ env: {} })).map(({ path, source }) => ({ path, source }))).to.deep.equal([
        { path: 'publicUrl', source: 'environment variable SALLYPORT_PUBLIC_URL' },
        { path: 'encryption', source: 'environment' },
      ]);
    });
  });
});
