import { expect } from 'chai';

import { LEAST, REDIRECT, SECRET, TENANT, configFolder, itTells, withClient, withDirectory } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

const PRODUCTION = `production: true
databaseUrl: postgres://h/d
redisUrl: redis://h
trustedProxies: [loopback]
`;
const CORP = 'tenants.acme.directories.corp';
const APP = 'tenants.acme.clients.app';

describe('values that do not fit each other', () => {
  itTells({
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
    'a client of an unknown role': {
      yaml: withClient(`${REDIRECT}, roles: [clerk]`),
      path: `${APP}.roles.0`,
      mend: /add the role/,
    },
    'a client of a built-in role': {
      yaml: withClient(`${REDIRECT}, roles: [admin]`),
      path: `${APP}.roles.0`,
      mend: /declare a role that inherits admin/,
    },
    'a role of the name of a built-in one': {
      yaml: `${TENANT}    roles:\n      helper: { inherits: [helpdesk] }\n      admin: { permissions: ['clock:wind'] } #!\n`,
      path: 'tenants.acme.roles.admin',
      message: /built-in/,
      mend: /another name, which may inherit admin/,
    },
    'the admin API as a resource of a tenant': {
      yaml: `${TENANT}    resources:\n      https://id.example.com/admin: { accessToken: 1d } #!\n`,
      path: 'tenants.acme.resources.https://id.example.com/admin',
      mend: /every tenant has it/,
    },
    'a second factor asked of an unknown role': {
      yaml: `${TENANT}    policy: { secondFactors: { required: { roles: [aprover] } } } #!\n    roles: { approver: {} }\n`,
      path: 'tenants.acme.policy.secondFactors.required.roles.0',
      mend: /did you mean approver\?/,
    },
    'a client for an unknown role': {
      yaml: withClient(`${REDIRECT}, allow: { roles: [clerk] }`),
      path: `${APP}.allow.roles.0`,
      mend: /add the role/,
    },
    'administrators who could never prove what is asked of them': {
      yaml: `${TENANT}    policy: { secondFactors: { allowed: [email] }, administration: { freshSecondFactor: true } } #!\n`,
      path: 'tenants.acme.policy.administration.freshSecondFactor',
      message: /acr mfa/,
      mend: /allow one that does/,
    },
    'a factor to set up that is not allowed': {
      yaml: `${TENANT}    policy: { secondFactors: { setUp: [sms] } } #!\n`,
      path: 'tenants.acme.policy.secondFactors.setUp',
      mend: /that are allowed/,
    },
    'a confidential client without a secret': {
      yaml: `${TENANT}    clients:\n      app: { ${REDIRECT} } #!\n`,
      path: `${APP}.client_secret`,
      message: /client_secret_basic/,
      mend: /client_secretFile.*token_endpoint_auth_method: none/,
    },
    'a public client with a secret': {
      yaml: withClient(`${REDIRECT}, token_endpoint_auth_method: none`),
      path: `${APP}.client_secret`,
      mend: /remove the secret/,
    },
    'a public client with client credentials': {
      yaml: `${TENANT}    clients:\n      app: { token_endpoint_auth_method: none, grant_types: [client_credentials] } #!\n`,
      path: `${APP}.grant_types`,
      mend: /leave client_credentials out/,
    },
    'a redirect in the clear': {
      yaml: `${withClient("redirect_uris: ['http://127.0.0.1/cb', 'http://app.example/cb']")}${PRODUCTION}`,
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
    'StartTLS on what is TLS already': {
      yaml: withDirectory("urls: ['ldap://a', 'ldaps://b'], tls: { mode: starttls }"),
      path: `${CORP}.urls.1`,
      mend: /mode: ldaps/,
    },
    'passwords in the clear': {
      yaml: `${withDirectory("urls: ['ldap://127.0.0.1', 'ldap://a.example'], tls: { mode: none }")}${PRODUCTION}`,
      path: `${CORP}.urls.1`,
      mend: /starttls/,
    },
    'passkeys of another domain': {
      yaml: `${TENANT}    policy: { passkeys: { rpId: example.org } } #!\n`,
      path: 'tenants.acme.policy.passkeys.rpId',
      message: /neither id\.example\.com/,
      mend: /leave it out/,
    },
    'passkeys of a part of a name': {
      yaml: `${TENANT}    host: id.acme.example\n    policy: { passkeys: { rpId: cme.example } } #!\n`,
      path: 'tenants.acme.policy.passkeys.rpId',
      mend: /id\.acme\.example/,
    },
    'passkeys of a domain below': {
      yaml: `${TENANT}    policy: { passkeys: { rpId: a.id.example.com } } #!\n`,
      path: 'tenants.acme.policy.passkeys.rpId',
      mend: /id\.example\.com/,
    },
    'passkeys of a top-level domain': {
      yaml: `${TENANT}    policy: { passkeys: { rpId: com } } #!\n`,
      path: 'tenants.acme.policy.passkeys.rpId',
      message: /single word/,
      mend: /id\.example\.com/,
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

  it('tell of passkeys where browsers know none', () => {
    const tenant = (publicUrl: string, rest = '') =>
      folder.load(`${TENANT.replace('https://id.example.com', publicUrl)}${rest}`);
    const path = 'tenants.acme.policy.secondFactors.allowed';
    for (const url of ['http://id.example.com', 'https://192.0.2.1', 'http://127.0.0.1:3000', "'https://[::1]'"]) {
      const { ok, warnings } = tenant(url);
      expect(ok, url).to.equal(true);
      expect(
        warnings.map((warning) => warning.path),
        url,
      ).to.deep.equal([path]);
    }
    for (const url of ['https://id.example.com', 'http://localhost:3000', 'http://sso.localhost']) {
      expect(tenant(url).warnings, url).to.deep.equal([]);
    }
    expect(tenant('http://id.example.com', '    host: localhost\n').warnings).to.deep.equal([]);
    const without = '    policy: { secondFactors: { allowed: [totp] } }\n';
    expect(tenant('http://id.example.com', without).warnings).to.deep.equal([]);
  });

  it('take the host itself and each domain above it for passkeys', () => {
    for (const rpId of ['id.acme.example', 'acme.example']) {
      const yaml = `${TENANT}    host: id.acme.example\n    policy: { passkeys: { rpId: ${rpId} } }\n`;
      expect(folder.load(yaml), rpId).to.deep.include({ ok: true, warnings: [] });
    }
    const local = TENANT.replace('https://id.example.com', 'http://localhost:3000');
    expect(folder.load(`${local}    policy: { passkeys: { rpId: localhost } }\n`)).to.include({ ok: true });
  });

  it('tell of a client that nobody can sign in to', () => {
    const tenant = (policy: string) =>
      `${withClient(`${REDIRECT}, minimumAcr: phr`)}    policy: { secondFactors: { ${policy} } }\n`;
    const paths = (yaml: string) => folder.load(yaml).warnings.map(({ path }) => path);
    expect(paths(tenant('allowed: [totp]'))).to.deep.equal([`${APP}.minimumAcr`]);
    expect(paths(tenant('allowed: [totp, passkey]'))).to.deep.equal([]);
    expect(paths(withClient(`${REDIRECT}, minimumAcr: phr`))).to.deep.equal([]);
    // What is wrong with the policy itself is told first.
    expect(paths(tenant('allowed: []'))).to.deep.equal([]);
  });
});
