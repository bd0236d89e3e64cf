import path from 'node:path';

import { expect } from 'chai';

import { loadConfiguration } from '../../src/config.ts';
import { LEAST, SECRET, TENANT, configFolder, loaded } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('the configuration', () => {
  let folder: ConfigFolder;
  beforeEach(() => (folder = configFolder()));
  afterEach(() => {
    folder.remove();
  });

  it('fills in what is left out', () => {
    expect(loaded(folder.load(LEAST))).to.deep.equal({
      publicUrl: 'https://id.example.com',
      listen: { host: '127.0.0.1', port: 3000 },
      production: false,
      databasePool: { max: 20 },
      dataFolder: path.resolve('data'),
      encryption: { keys: [{ id: 'k1', secret: SECRET }] },
      trustedProxies: [],
      logLevel: 'info',
      outbound: { allowHosts: [] },
      shutdownGrace: 20,
      tenants: {},
    });
  });

  it('hands a tenant on in its parts, secrets apart from settings', () => {
    const { acme } = loaded(
      folder.load(`${TENANT}
    homeUrl: https://www.acme.example
    tokens: { accessToken: 5m }
    directories:
      second: { urls: ['ldap://b.example'], bindDn: cn=svc, bindPassword: b-password, baseDn: dc=b }
      corp: { urls: ['ldap://a.example'], bindDn: cn=svc, bindPassword: a-password, baseDn: dc=a }
    roles: { reader: { permissions: ['invoice:read'], groups: [finance] } }
    clients:
      app: { client_secret: its-secret, redirect_uris: ['https://app.example/cb'], roles: [reader] }
      page: { token_endpoint_auth_method: none, redirect_uris: ['https://page.example/cb'] }
`),
    ).tenants;

    expect(acme?.name).to.equal('Acme');
    expect(acme?.settings).to.include({ homeUrl: 'https://www.acme.example' });
    expect(acme?.settings.tokens).to.include({ accessToken: 300, idToken: 3600 });
    expect(acme?.settings).to.not.have.any.keys('name', 'directories', 'roles', 'clients');
    expect(Object.keys(acme?.directories ?? {}), 'the order in which they are asked').to.deep.equal(['second', 'corp']);
    expect(acme?.directories.corp?.bindPassword).to.equal('a-password');
    expect(acme?.directories.corp?.settings).to.include({ baseDn: 'dc=a' }).and.not.have.property('bindPassword');
    expect(acme?.roles.reader).to.deep.equal({ permissions: ['invoice:read'], inherits: [], groups: ['finance'] });
    expect(acme?.clients.app?.secret).to.equal('its-secret');
    expect(acme?.clients.app?.metadata).to.include({ requirePkce: true }).and.not.have.property('client_secret');
    expect(acme?.clients.page?.secret).to.equal(undefined);
  });

  it('is frozen through and through', () => {
    const configuration = loaded(folder.load(`${TENANT}    roles: { reader: {} }\n`));
    const reached = [configuration, ...values(configuration)];
    expect(reached).to.have.length.above(20);
    for (const value of reached) expect(Object.isFrozen(value)).to.equal(true);
  });

  it('takes a key with nothing but comments below it for an empty map', () => {
    const { acme } = loaded(folder.load(`${TENANT}    policy:\n      #sessionIdle: 5m\n    clients:\n`)).tenants;
    expect(acme?.settings.policy.sessionIdle).to.equal(1800);
    expect(acme?.clients).to.deep.equal({});
  });

  it('gives the public URL without a slash at its end', () => {
    expect(loaded(folder.load(LEAST.replace('.com', '.com/'))).publicUrl).to.equal('https://id.example.com');
  });

  describe('secrets in files', () => {
    const withKeyFile = (name: string) => `publicUrl: https://id.example.com
encryption: { keys: [{ id: k1, secretFile: ${name} }] }
`;

    it('are found beside the file that names them, and lose the line break at their end', () => {
      for (const end of ['', '\n', '\r\n']) {
        folder.write('secrets/k1', SECRET + end);
        expect(loaded(folder.load(withKeyFile('secrets/k1'))).encryption.keys[0]?.secret).to.equal(SECRET);
      }
    });

    it('keep what is part of them', () => {
      folder.write('url', 'postgres://u:p@h/d\n\n');
      expect(loaded(folder.load(`${LEAST}databaseUrlFile: url\n`)).databaseUrl).to.equal('postgres://u:p@h/d\n');
    });

    it('are read for tenants as well', () => {
      folder.write('bind', 'bind-password\n');
      folder.write('app', 'client-secret\n');
      folder.write('ca.pem', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
      const { acme } = loaded(
        folder.load(`${TENANT}
    directories:
      corp: { urls: ['ldap://a'], bindDn: cn=svc, bindPasswordFile: bind, baseDn: dc=a, tls: { caFile: ca.pem } }
    clients:
      app: { client_secretFile: app, redirect_uris: ['https://app.example/cb'] }
`),
      ).tenants;
      expect(acme?.directories.corp?.bindPassword).to.equal('bind-password');
      expect(acme?.directories.corp?.settings.tls.ca).to.match(/^-----BEGIN/);
      expect(acme?.directories.corp?.settings.tls).to.not.have.property('caFile');
      expect(acme?.clients.app?.secret).to.equal('client-secret');
    });

    it('are read for each use of an alias', () => {
      folder.write('bind', 'bind-password\n');
      const { acme } = loaded(
        folder.load(`${TENANT}
    directories:
      corp: &corp { urls: ['ldap://a'], bindDn: cn=svc, bindPasswordFile: bind, baseDn: dc=a }
      twin: *corp
`),
      ).tenants;
      expect(acme?.directories.corp?.bindPassword).to.equal('bind-password');
      expect(acme?.directories.twin?.bindPassword).to.equal('bind-password');
    });
  });

  describe('a logo', () => {
    const logoOf = (name: string) =>
      loaded(folder.load(`${TENANT}    branding: { logo: ${name} }\n`)).tenants.acme?.settings.branding.logo;
    const pictures: Record<string, { bytes: Buffer; type: string }> = {
      PNG: { bytes: PNG, type: 'image/png' },
      JPEG: { bytes: Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0x10]), type: 'image/jpeg' },
      WebP: { bytes: Buffer.from('RIFF\x10\x00\x00\x00WEBPVP8 ', 'latin1'), type: 'image/webp' },
      SVG: { bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), type: 'image/svg+xml' },
      'SVG with a prolog': {
        bytes: Buffer.from('\uFEFF<?xml version="1.0"?>\n<!-- drawn -- by hand -->\n<!DOCTYPE svg>\n<svg></svg>'),
        type: 'image/svg+xml',
      },
    };

    for (const [kind, { bytes, type }] of Object.entries(pictures)) {
      it(`becomes a data: URI by what is in it: ${kind}`, () => {
        folder.write('logo.txt', bytes);
        expect(logoOf('logo.txt')).to.equal(`data:${type};base64,${bytes.toString('base64')}`);
      });
    }

    it('may be a data: URI already', () => {
      const uri = `data:image/png;base64,${PNG.toString('base64')}`;
      expect(logoOf(`'${uri}'`)).to.equal(uri);
    });
  });

  describe('the environment', () => {
    it('wins over the file, value by value', () => {
      const yaml = `${LEAST}listen: { host: 0.0.0.0, port: 8000 }\nproduction: false\nlogLevel: warn\n`;
      const env = {
        SALLYPORT_LISTEN_PORT: '9000',
        SALLYPORT_LOG_LEVEL: 'debug',
        SALLYPORT_TRUSTED_PROXIES: '10.0.0.0/8, loopback',
        SALLYPORT_SHUTDOWN_GRACE: '1m',
        SALLYPORT_DATABASE_POOL_MAX: '5',
        SALLYPORT_OPS_LISTEN_HOST: '::1',
      };
      expect(loaded(folder.load(yaml, env))).to.deep.include({
        listen: { host: '0.0.0.0', port: 9000 },
        opsListen: { host: '::1', port: 3090 },
        logLevel: 'debug',
        trustedProxies: ['10.0.0.0/8', 'loopback'],
        shutdownGrace: 60,
        databasePool: { max: 5 },
      });
    });

    it('reads true and false, and whole numbers of seconds', () => {
      const env = {
        SALLYPORT_PRODUCTION: 'true',
        SALLYPORT_DATABASE_URL: 'postgres://h/d',
        SALLYPORT_SHUTDOWN_GRACE: '7',
      };
      expect(loaded(folder.load(LEAST, env))).to.include({ production: true, shutdownGrace: 7 });
    });

    it('lets PORT win over everything', () => {
      const env = { PORT: '4000', SALLYPORT_LISTEN_PORT: '9000' };
      expect(loaded(folder.load(`${LEAST}listen: { port: 8000 }\n`, env)).listen.port).to.equal(4000);
    });

    it('is enough without a file', () => {
      const file = folder.write('k1', `${SECRET}\n`);
      const env = {
        SALLYPORT_PUBLIC_URL: 'https://id.example.com',
        SALLYPORT_ENCRYPTION_KEYS_0_ID: 'k2',
        SALLYPORT_ENCRYPTION_KEYS_0_SECRET_FILE: file,
        SALLYPORT_ENCRYPTION_KEYS_1_ID: 'k1',
        SALLYPORT_ENCRYPTION_KEYS_1_SECRET: 'another-secret-of-more-than-32-characters',
      };
      const { encryption } = loaded(loadConfiguration({ env }));
      expect(encryption.keys.map(({ id }) => id)).to.deep.equal(['k2', 'k1']);
      expect(encryption.keys[0]?.secret).to.equal(SECRET);
    });

    it('replaces a list as a whole', () => {
      const env = {
        SALLYPORT_ENCRYPTION_KEYS_0_ID: 'k9',
        SALLYPORT_ENCRYPTION_KEYS_0_SECRET: 'another-secret-of-more-than-32-characters',
      };
      const { keys } = loaded(folder.load(LEAST, env)).encryption;
      expect(keys.map(({ id }) => id)).to.deep.equal(['k9']);
    });

    it('replaces a secret in whatever form the file has it', () => {
      const url = folder.write('url', 'redis://from-file');
      const cases = [
        { yaml: 'redisUrl: redis://written', env: { SALLYPORT_REDIS_URL: 'redis://set' }, expected: 'redis://set' },
        { yaml: 'redisUrl: redis://written', env: { SALLYPORT_REDIS_URL_FILE: url }, expected: 'redis://from-file' },
        { yaml: 'redisUrlFile: is-not-there', env: { SALLYPORT_REDIS_URL: 'redis://set' }, expected: 'redis://set' },
        { yaml: 'redisUrlFile: is-not-there', env: { SALLYPORT_REDIS_URL_FILE: url }, expected: 'redis://from-file' },
      ];
      for (const { yaml, env, expected } of cases) {
        expect(loaded(folder.load(LEAST + yaml, env)).redisUrl).to.equal(expected);
      }
    });

    it('takes an empty variable for none', () => {
      const env = { PORT: '', SALLYPORT_DATABASE_URL: '', SALLYPORT_DATABASE_URL_FILE: '', SALLYPORT_UNHEARD_OF: '' };
      const result = folder.load(LEAST, env);
      expect(loaded(result).databaseUrl).to.equal(undefined);
      expect(result.warnings).to.deep.equal([]);
    });

    it('names the file where no argument does', () => {
      const env = { SALLYPORT_CONFIG: folder.write('named.yaml', `${LEAST}logLevel: error\n`) };
      expect(loaded(loadConfiguration({ env })).logLevel).to.equal('error');
    });
  });

  it('lets the command win over file and environment', () => {
    const configuration = loaded(
      loadConfiguration({
        file: folder.write('sallyport.yaml', `${LEAST}listen: { host: 0.0.0.0, port: 8000 }\n`),
        env: { PORT: '4000' },
        overrides: { listen: { port: 5000 }, tenants: { acme: { name: 'Acme' } } },
      }),
    );
    expect(configuration.listen).to.deep.equal({ host: '0.0.0.0', port: 5000 });
    expect(Object.keys(configuration.tenants)).to.deep.equal(['acme']);
  });
});

function values(value: object): object[] {
  const below = Object.values(value).filter((child): child is object => typeof child === 'object' && child !== null);
  return below.flatMap((child) => [child, ...values(child)]);
}
