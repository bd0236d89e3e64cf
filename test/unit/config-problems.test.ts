import { expect } from 'chai';

import { loadConfiguration } from '../../src/config.ts';
import type { LoadedConfiguration } from '../../src/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import type { Problem } from '../../src/config/problem.ts';
import { LEAST, SECRET, TENANT, configFolder } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

interface Case {
  /** Each problem is expected on the line that ends in `#!`, one for each such line. */
  yaml: string;
  path: string | string[];
  message?: RegExp;
  mend: RegExp;
}

const PRODUCTION = `production: true
databaseUrl: postgres://h/d
redisUrl: redis://h
trustedProxies: [loopback]
`;
const directory = (rest: string) =>
  `${TENANT}    directories:\n      corp: { bindDn: cn=svc, bindPassword: ${SECRET}, baseDn: dc=a, ${rest} } #!\n`;
const client = (rest: string) => `${TENANT}    clients:\n      app: { client_secret: ${SECRET}, ${rest} } #!\n`;
const CORP = 'tenants.acme.directories.corp';
const APP = 'tenants.acme.clients.app';
const REDIRECT = "redirect_uris: ['https://app.example/cb']";

const CASES: Record<string, Case> = {
  'a misspelt key': {
    yaml: `${LEAST}loglevel: info #!\n`,
    path: 'loglevel',
    message: /known key/,
    mend: /did you mean logLevel\?/,
  },
  'the file form of a misspelt key': {
    yaml: `${LEAST}databaseURLFile: x #!\n`,
    path: 'databaseURLFile',
    mend: /did you mean databaseUrlFile\?/,
  },
  'a key in another style': {
    yaml: client(`${REDIRECT}, grantTypes: [client_credentials]`),
    path: `${APP}.grantTypes`,
    mend: /did you mean grant_types\?/,
  },
  'a key that resembles none': {
    yaml: `${LEAST}sms: { provider: sns } #!\n`,
    path: 'sms',
    mend: /remove it.*publicUrl, listen/,
  },
  'a missing key': {
    yaml: `${LEAST}tenants:\n  acme: {} #!\n`,
    path: 'tenants.acme.name',
    message: /is missing/,
    mend: /add name/,
  },
  'a number for text': {
    yaml: `${TENANT}    clients:\n      app: { client_secret: 1234567, ${REDIRECT} } #!\n`,
    path: `${APP}.client_secret`,
    message: /must be text, and is a number/,
    mend: /quotes/,
  },
  'text for a number': {
    yaml: `${LEAST}listen: { port: '80' } #!\n`,
    path: 'listen.port',
    mend: /whole number|a number/,
  },
  'a value for a list': { yaml: `${LEAST}trustedProxies: 10.0.0.1 #!\n`, path: 'trustedProxies', mend: /\[a, b\]/ },
  'a list for a map': { yaml: `${LEAST}listen: [a] #!\n`, path: 'listen', message: /is a list/, mend: /keys/ },
  'a key without a value': { yaml: `${LEAST}databaseUrl: #!\n`, path: 'databaseUrl', message: /is empty/, mend: /./ },
  'a choice that is none': { yaml: `${LEAST}logLevel: wrn #!\n`, path: 'logLevel', mend: /did you mean warn\?/ },
  'a choice that resembles none': {
    yaml: `${LEAST}logLevel: verbose #!\n`,
    path: 'logLevel',
    mend: /fatal or error or warn/,
  },
  'a number out of bounds': {
    yaml: `${LEAST}listen: { port: 65536 } #!\n`,
    path: 'listen.port',
    mend: /at most 65535/,
  },
  'no span of time': { yaml: `${LEAST}shutdownGrace: 20sec #!\n`, path: 'shutdownGrace', mend: /90s, 5m/ },
  'a span of time of another type': {
    yaml: `${LEAST}shutdownGrace: [] #!\n`,
    path: 'shutdownGrace',
    mend: /number or text/,
  },
  'neither of two numbers': {
    yaml: `${TENANT}    policy: { totp: { digits: 7 } } #!\n`,
    path: 'tenants.acme.policy.totp.digits',
    mend: /6 or 8/,
  },
  'a mistake inside one of two forms': {
    yaml: `${TENANT}    policy: { secondFactors: { required: { groups: [] } } } #!\n`,
    path: 'tenants.acme.policy.secondFactors.required.groups',
    message: /is empty/,
    mend: /at least 1 entry/,
  },
  'a public URL with a path': {
    yaml: LEAST.replace('.com', '.com/sso #!'),
    path: 'publicUrl',
    mend: /scheme and the host only/,
  },
  'another database': {
    yaml: `${LEAST}databaseUrl: mysql://u:${SECRET}@h/d #!\n`,
    path: 'databaseUrl',
    mend: /postgres:\/\//,
  },
  'a short encryption key': {
    yaml: 'publicUrl: https://a.example\nencryption: { keys: [{ id: k1, secret: hunter2 }] } #!\n',
    path: 'encryption.keys.0.secret',
    mend: /32 characters/,
  },
  'no encryption key': {
    yaml: 'publicUrl: https://a.example\nencryption: { keys: [] } #!\n',
    path: 'encryption.keys',
    mend: /id: k1/,
  },
  'two encryption keys of one id': {
    yaml: `publicUrl: https://a.example
encryption:
  keys:
    - { id: k1, secret: ${SECRET} }
    - { id: k1, secret: 2${SECRET} } #!
`,
    path: 'encryption.keys.1.id',
    mend: /id of its own/,
  },
  'two encryption keys of one secret': {
    yaml: `publicUrl: https://a.example
encryption:
  keys:
    - { id: k1, secret: ${SECRET} }
    - { id: k2, secret: ${SECRET} } #!
`,
    path: 'encryption.keys.1.secret',
    mend: /openssl rand/,
  },
  'no proxy address': {
    yaml: `${LEAST}trustedProxies: [10.0.0.0/40] #!\n`,
    path: 'trustedProxies.0',
    mend: /10\.0\.0\.0\/8/,
  },
  'a sender that would inject a header': {
    yaml: `${LEAST}mail: { url: 'smtp://h', from: "a@b.example\\nBcc: c@d.example" } #!\n`,
    path: 'mail.from',
    mend: /id@example.com/,
  },
  'production without TLS': {
    yaml: `${LEAST.replace('https://id.example.com', 'http://id.example.com #!')}${PRODUCTION}`,
    path: 'publicUrl',
    mend: /https/,
  },
  'production without a database': {
    yaml: `${LEAST}production: true\n`,
    path: 'databaseUrl',
    message: /embedded/,
    mend: /SALLYPORT_DATABASE_URL_FILE/,
  },
  'a slug that is no name for a URL': {
    yaml: `${LEAST}tenants:\n  Acme_1: { name: Acme } #!\n`,
    path: 'tenants.Acme_1',
    mend: /a-z, 0-9/,
  },
  'two tenants on one host': {
    yaml: `${LEAST}tenants:\n  a: { name: A, host: x.example }\n  b: { name: B, host: x.example } #!\n`,
    path: 'tenants.b.host',
    message: /tenant a/,
    mend: /host of its own/,
  },
  'a tenant on the public host': {
    yaml: `${TENANT}    host: id.example.com #!\n`,
    path: 'tenants.acme.host',
    message: /publicUrl/,
    mend: /host of its own/,
  },
  'a host that is a URL': {
    yaml: `${TENANT}    host: https://x.example #!\n`,
    path: 'tenants.acme.host',
    mend: /host only/,
  },
  'a colour by name': {
    yaml: `${TENANT}    branding: { colour: blue } #!\n`,
    path: 'tenants.acme.branding.colour',
    mend: /#rrggbb/,
  },
  'no second factor to ask for': {
    yaml: `${TENANT}    policy: { secondFactors: { allowed: [] } } #!\n`,
    path: 'tenants.acme.policy.secondFactors.allowed',
    mend: /required: never/,
  },
  'a role that inherits an unknown one': {
    yaml: `${TENANT}    roles:\n      reader: {}\n      writer: { inherits: [raeder] } #!\n`,
    path: 'tenants.acme.roles.writer.inherits.0',
    mend: /did you mean reader\?/,
  },
  'roles in a circle, told once': {
    yaml: `${TENANT}    roles:
      a: { inherits: [b] } #!
      b: { inherits: [d, c] }
      c: { inherits: [a] }
      d: {}
`,
    path: 'tenants.acme.roles.a.inherits',
    message: /a, b, c, a/,
    mend: /take one/,
  },
  'a role that inherits itself': {
    yaml: `${TENANT}    roles:\n      a: { inherits: [a] } #!\n`,
    path: 'tenants.acme.roles.a.inherits',
    mend: /take one/,
  },
  'a permission without an action': {
    yaml: `${TENANT}    roles:\n      a: { permissions: [invoice] } #!\n`,
    path: 'tenants.acme.roles.a.permissions.0',
    mend: /type:action/,
  },
  'a client of an unknown role': {
    yaml: client(`${REDIRECT}, roles: [admin]`),
    path: `${APP}.roles.0`,
    mend: /add the role/,
  },
  'a client id with a space': {
    yaml: `${TENANT}    clients:\n      'my app': { client_secret: ${SECRET}, ${REDIRECT} } #!\n`,
    path: 'tenants.acme.clients.my app',
    mend: /without spaces/,
  },
  'a confidential client without a secret': {
    yaml: `${TENANT}    clients:\n      app: { ${REDIRECT} } #!\n`,
    path: `${APP}.client_secret`,
    message: /client_secret_basic/,
    mend: /client_secretFile.*token_endpoint_auth_method: none/,
  },
  'a public client with a secret': {
    yaml: client(`${REDIRECT}, token_endpoint_auth_method: none`),
    path: `${APP}.client_secret`,
    mend: /remove the secret/,
  },
  'a public client with client credentials': {
    yaml: `${TENANT}    clients:\n      app: { token_endpoint_auth_method: none, grant_types: [client_credentials] } #!\n`,
    path: `${APP}.grant_types`,
    mend: /leave client_credentials out/,
  },
  'a client that proves itself by no key': {
    yaml: `${TENANT}    clients:\n      app: { token_endpoint_auth_method: private_key_jwt, ${REDIRECT} } #!\n`,
    path: `${APP}.jwks`,
    message: /is missing/,
    mend: /public keys/,
  },
  'a client without a redirect URI': {
    yaml: client('scope: openid'),
    path: `${APP}.redirect_uris`,
    message: /missing/,
    mend: /at least one/,
  },
  'a redirect URI with a fragment': {
    yaml: client("redirect_uris: ['https://app.example/cb#x']"),
    path: `${APP}.redirect_uris.0`,
    mend: /without a fragment/,
  },
  'a redirect in the clear': {
    yaml: `${client("redirect_uris: ['http://127.0.0.1/cb', 'http://app.example/cb']")}${PRODUCTION}`,
    path: `${APP}.redirect_uris.1`,
    mend: /https/,
  },
  'a default resource that is none': {
    yaml: `${TENANT}    resources: { 'https://api.example': {} }
    clients:
      app: { client_secret: ${SECRET}, ${REDIRECT}, defaultResource: 'https://apy.example' } #!
`,
    path: `${APP}.defaultResource`,
    mend: /did you mean https:\/\/api\.example\?/,
  },
  'a name of a directory that would lose its place': {
    yaml: `${TENANT}    directories:
      '1': { urls: ['ldap://a'], bindDn: cn=svc, bindPassword: ${SECRET}, baseDn: dc=a } #!
`,
    path: 'tenants.acme.directories.1',
    mend: /start with a-z/,
  },
  'a directory without its password': {
    yaml: `${TENANT}    directories:\n      corp: { urls: ['ldap://a'], bindDn: cn=svc, baseDn: dc=a } #!\n`,
    path: `${CORP}.bindPassword`,
    mend: /add bindPasswordFile/,
  },
  'a directory by the wrong name': {
    yaml: directory("urls: ['ldap://a'], groups: { objectClas: [x] }"),
    path: `${CORP}.groups.objectClas`,
    mend: /did you mean objectClass\?/,
  },
  'StartTLS on what is TLS already': {
    yaml: directory("urls: ['ldap://a', 'ldaps://b'], tls: { mode: starttls }"),
    path: `${CORP}.urls.1`,
    mend: /mode: ldaps/,
  },
  'passwords in the clear': {
    yaml: `${directory("urls: ['ldap://127.0.0.1', 'ldap://a.example'], tls: { mode: none }")}${PRODUCTION}`,
    path: `${CORP}.urls.1`,
    mend: /starttls/,
  },
  'two directories of one realm': {
    yaml: `${TENANT}    directories:
      a: { urls: ['ldap://a'], bindDn: cn=svc, bindPassword: ${SECRET}, baseDn: dc=a, realm: x.example }
      b: { urls: ['ldap://b'], bindDn: cn=svc, bindPassword: ${SECRET}, baseDn: dc=b, realm: X.example } #!
`,
    path: 'tenants.acme.directories.b.realm',
    message: /realm of a/,
    mend: /realm of its own/,
  },
  'a secret given twice': {
    yaml: `${LEAST}redisUrl: redis://:${SECRET}@h #!\nredisUrlFile: there\n`,
    path: 'redisUrl',
    message: /both as a value and as a file \(redisUrlFile\)/,
    mend: /keep one/,
  },
  'authorities given twice': {
    yaml: directory("urls: ['ldap://a'], tls: { ca: '-----BEGIN CERTIFICATE-----', caFile: x }"),
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
  'several mistakes at once': {
    yaml: `${LEAST}logLevel: wrn #!
production: yes #!
tenants:
  acme:
    nmae: Acme #!
    roles: { a: { inherits: [b] } } #!
    clients:
      app: { redirect_uris: ['x#y'] , token_endpoint_auth_method: none } #!
`,
    path: [
      'logLevel',
      'production',
      'tenants.acme.name',
      'tenants.acme.nmae',
      'tenants.acme.roles.a.inherits.0',
      `${APP}.redirect_uris.0`,
    ],
    mend: /./,
  },
};

const YAML_CASES: Record<string, { yaml: string; message: RegExp; mend: RegExp }> = {
  'a key that is there twice': {
    yaml: `${LEAST}logLevel: info\nlogLevel: warn #!\n`,
    message: /logLevel is there twice/,
    mend: /keep one/,
  },
  'a tab': { yaml: `${LEAST}listen:\n\tport: 3000 #!\n`, message: /tab/, mend: /spaces/ },
  'an indentation that fits nothing': {
    yaml: `${LEAST}listen:\n    port: 1\n  host: x #!\n`,
    message: /indentation/,
    mend: /alike/,
  },
  'a secret that begins as an alias': {
    yaml: `${LEAST}redisUrl: *${SECRET} #!\n`,
    message: /begins with/,
    mend: /quotes/,
  },
  'a secret that begins as a tag': {
    yaml: `${LEAST}redisUrl: !${SECRET} x #!\n`,
    message: /begins with/,
    mend: /quotes/,
  },
  'a secret that begins with a reserved character': {
    yaml: `${LEAST}redisUrl: @${SECRET} #!\n`,
    message: /begins with/,
    mend: /quotes/,
  },
  'a secret with a colon': { yaml: `${LEAST}redisUrl: ${SECRET}: x #!\n`, message: /not valid YAML/, mend: /quotes/ },
  'a map for a key': {
    yaml: `${LEAST}tenants: { { ${SECRET}: 1 }: 2 } #!\n`,
    message: /where a key should/,
    mend: /plain text/,
  },
  'an alias to what it is in': { yaml: `${LEAST}tenants: &t { acme: *t } #!\n`, message: /begins with/, mend: /./ },
  'two documents': { yaml: `${LEAST}--- #!\na: 1\n`, message: /second document/, mend: /hyphens/ },
};

describe('what is wrong with a configuration', () => {
  let folder: ConfigFolder;
  before(() => (folder = configFolder()));
  after(() => {
    folder.remove();
  });

  for (const [name, { yaml, path, message = /./, mend }] of Object.entries(CASES)) {
    it(`is told with its path, its line and a mend: ${name}`, () => {
      const problems = problemsOf(folder.load(yaml));
      expect(problems.map((problem) => problem.path)).to.have.members([path].flat());
      expect(new Set(problems.map(({ source }) => lineOf(source)))).to.deep.equal(new Set(markedLines(yaml)));
      expect(problems[0]?.message).to.match(message);
      expect(problems[0]?.mend).to.match(mend);
      expect(JSON.stringify(problems)).to.not.include('hunter2');
    });
  }

  for (const [name, { yaml, message, mend }] of Object.entries(YAML_CASES)) {
    it(`is told with its line where the file is no YAML, in words that quote nothing: ${name}`, () => {
      const [problem] = problemsOf(folder.load(yaml));
      expect(problem?.path).to.equal('');
      expect(lineOf(problem?.source ?? '')).to.equal(markedLines(yaml)[0]);
      expect(problem?.message).to.match(message);
      expect(problem?.mend).to.match(mend);
      expect(JSON.stringify(problem)).to.not.include('hunter2');
    });
  }

  it('is told with the column too', () => {
    const [problem] = problemsOf(folder.load(`${LEAST}listen: { host: x, prot: 1 }\n`));
    expect(problem?.source).to.equal(`${folder.path}/sallyport.yaml:3:20`);
  });

  it('is told in the order of the lines', () => {
    const problems = problemsOf(folder.load(`z: 1\n${LEAST}tenants: { acme: {} }\nlogLevel: x\n`));
    expect(problems.map(({ path }) => path)).to.deep.equal(['z', 'tenants.acme.name', 'logLevel']);
  });

  for (const yaml of [
    `${TENANT}    clients: { app: { ${REDIRECT}, client_secret: abc,${SECRET} } }\n`,
    `${TENANT}    clients: { app: { ${REDIRECT}, client_secret:${SECRET} } }\n`,
  ]) {
    it(`quotes no secret that YAML takes for a key: ${yaml.slice(yaml.indexOf('client_secret'))}`, () => {
      const problems = problemsOf(folder.load(yaml));
      expect(problems[0]).to.include({ path: `${APP}.…`, message: 'is not a known key' });
      expect(problems[0]?.source).to.match(/sallyport\.yaml:6:\d\d/);
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
        { path: 'encryption', source: 'environment' },
        { path: 'publicUrl', source: 'environment variable SALLYPORT_PUBLIC_URL' },
      ]);
    });
  });
});

describe('warnings of a configuration', () => {
  let folder: ConfigFolder;
  before(() => (folder = configFolder()));
  after(() => {
    folder.remove();
  });

  it('tell of a variable that resembles none, which Kubernetes may have set', () => {
    const env = { SALLYPORT_PORT: 'tcp://10.0.0.1:80', SALLYPORT_SERVICE_HOST: '10.0.0.1' };
    const { ok, warnings } = folder.load(LEAST, env);
    expect(ok).to.equal(true);
    expect(warnings.map(({ path }) => path)).to.deep.equal(['SALLYPORT_PORT', 'SALLYPORT_SERVICE_HOST']);
  });

  it('tell of production on the memory of one process, and of a proxy that is not named', () => {
    const production = `${LEAST}production: true\ndatabaseUrl: postgres://h/d\n`;
    expect(folder.load(production).warnings.map(({ path }) => path)).to.deep.equal(['redisUrl', 'trustedProxies']);
    expect(folder.load(`${LEAST}${PRODUCTION}`).warnings).to.deep.equal([]);
  });
});

function problemsOf(result: LoadedConfiguration): Problem[] {
  expect(result.ok, 'the configuration is accepted').to.equal(false);
  return result.ok ? [] : result.problems;
}

function lineOf(source: string): number {
  return Number(/:(\d+):\d+$/.exec(source)?.[1] ?? 0);
}

/** 0, where a source has no line, for a file without a mark. */
function markedLines(yaml: string): number[] {
  const marked = yaml.split('\n').flatMap((line, index) => (line.endsWith('#!') ? [index + 1] : []));
  return marked.length === 0 ? [0] : marked;
}
