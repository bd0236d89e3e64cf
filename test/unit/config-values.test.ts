import { LEAST, REDIRECT, SECRET, TENANT, itTells, withClient, withDirectory } from './config-fixture.ts';

const CORP = 'tenants.acme.directories.corp';
const APP = 'tenants.acme.clients.app';

describe('a value that does not fit', () => {
  itTells({
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
      yaml: withClient(`${REDIRECT}, grantTypes: [client_credentials]`),
      path: `${APP}.grantTypes`,
      mend: /did you mean grant_types\?/,
    },
    'a key that resembles none': {
      yaml: `${LEAST}fax: { provider: sns } #!\n`,
      path: 'fax',
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
    'no time at all for what is to live': {
      yaml: `${TENANT}    policy: { sessionIdle: 0, sessionAbsolute: 0s } #!
    tokens: { accessToken: 0m, idToken: 0, refreshToken: 0d, refreshReuseLeeway: 0 } #!
    resources: { 'https://api.example.com': { accessToken: 0 } } #!
`,
      path: [
        'tenants.acme.policy.sessionIdle',
        'tenants.acme.policy.sessionAbsolute',
        'tenants.acme.tokens.accessToken',
        'tenants.acme.tokens.idToken',
        'tenants.acme.tokens.refreshToken',
        'tenants.acme.resources.https://api.example.com.accessToken',
      ],
      mend: /at least 1s/,
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
      message: /is empty|not valid/,
      mend: /name a group or a role/,
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
    'a slug that is no name for a URL': {
      yaml: `${LEAST}tenants:\n  Acme_1: { name: Acme } #!\n`,
      path: 'tenants.Acme_1',
      mend: /a-z, 0-9/,
    },
    'a colour by name': {
      yaml: `${TENANT}    branding: { colour: blue } #!\n`,
      path: 'tenants.acme.branding.colour',
      mend: /#rrggbb/,
    },
    'a permission without an action': {
      yaml: `${TENANT}    roles:\n      a: { permissions: [invoice] } #!\n`,
      path: 'tenants.acme.roles.a.permissions.0',
      mend: /type:action/,
    },
    'a client id with a space': {
      yaml: `${TENANT}    clients:\n      'my app': { client_secret: ${SECRET}, ${REDIRECT} } #!\n`,
      path: 'tenants.acme.clients.my app',
      mend: /without spaces/,
    },
    'a client of the name of the built-in one': {
      yaml: `${TENANT}    clients:\n      account: { client_secret: ${SECRET}, ${REDIRECT} } #!\n`,
      path: 'tenants.acme.clients.account',
      mend: /another name/,
    },
    'a client that proves itself by no key': {
      yaml: `${TENANT}    clients:\n      app: { token_endpoint_auth_method: private_key_jwt, ${REDIRECT} } #!\n`,
      path: `${APP}.jwks`,
      message: /is missing/,
      mend: /public keys/,
    },
    'a private key of a client': {
      yaml: withClient(`${REDIRECT}, jwks: { keys: [{ kty: EC, d: x }] }`),
      path: `${APP}.jwks.keys.0`,
      mend: /public key alone/,
    },
    'a client without a redirect URI': {
      yaml: withClient('scope: openid'),
      path: `${APP}.redirect_uris`,
      message: /missing/,
      mend: /at least one/,
    },
    'a redirect URI that a browser would run': {
      yaml: withClient(
        "redirect_uris: ['javascript:alert(1)', 'com.example.app:/cb', 'DATA:text/html,x', 'file:///x', 'vbscript:x']",
      ),
      path: [0, 2, 3, 4].map((index) => `${APP}.redirect_uris.${index}`),
      mend: /https:/,
    },
    'a redirect URI with a fragment': {
      yaml: withClient("redirect_uris: ['https://app.example/cb#x']"),
      path: `${APP}.redirect_uris.0`,
      mend: /without a fragment/,
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
      yaml: withDirectory("urls: ['ldap://a'], groups: { objectClas: [x] }"),
      path: `${CORP}.groups.objectClas`,
      mend: /did you mean objectClass\?/,
    },
    'several mistakes at once': {
      yaml: `${LEAST}logLevel: wrn #!
production: yes #!
tenants:
  acme: #!
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
  });
});
