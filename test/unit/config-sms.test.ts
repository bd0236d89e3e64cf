import { expect } from 'chai';

import { redactor } from '../../src/config/redactor.ts';
import { LEAST, SECRET, TENANT, configFolder, itTells, loaded } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

const SNS = 'provider: sns, region: eu-west-1';
const GATEWAY = "provider: http, url: 'https://sms.example.com', body: 'To={to}&Body={text}'";
const PRODUCTION = `production: true
databaseUrl: postgres://h/d
redisUrl: redis://h
trustedProxies: [loopback]
`;
const withSms = (rest: string) => `${LEAST}sms: { ${rest} } #!\n`;

describe('sms in the configuration', () => {
  let folder: ConfigFolder;
  before(() => (folder = configFolder()));
  after(() => {
    folder.remove();
  });

  it('is Amazon SNS', () => {
    const { sms } = loaded(folder.load(`${LEAST}sms: { provider: sns, region: eu-west-1, senderId: Acme }\n`));
    expect(sms).to.deep.equal({ provider: 'sns', region: 'eu-west-1', senderId: 'Acme' });
  });

  it('is a gateway, its secret in a file', () => {
    folder.write('token', `Bearer ${SECRET}\n`);
    const { sms } = loaded(folder.load(`${LEAST}sms: { ${GATEWAY}, authorizationFile: token }\n`));
    expect(sms).to.deep.equal({
      provider: 'http',
      url: 'https://sms.example.com',
      method: 'POST',
      format: 'form',
      body: 'To={to}&Body={text}',
      authorization: `Bearer ${SECRET}`,
    });
  });

  it('comes from the environment too', () => {
    const { sms } = loaded(
      folder.load(LEAST, {
        SALLYPORT_SMS_PROVIDER: 'http',
        SALLYPORT_SMS_URL: 'http://127.0.0.1:8080/',
        SALLYPORT_SMS_FORMAT: 'json',
        SALLYPORT_SMS_BODY: '{"to":"{to}","text":"{text}"}',
        SALLYPORT_SMS_SENT_STATUS: '200, 202',
      }),
    );
    expect(sms).to.deep.include({ provider: 'http', format: 'json', sentStatus: [200, 202] });
  });

  it('stands in no message, whatever part of it is secret', () => {
    const secrets = { authorization: 'Bearer abcdefgh', 'X-Api-Key': 'ijklmnop' };
    const yaml = `${LEAST}sms: { ${GATEWAY}, authorization: ${secrets.authorization}, headers: { X-Api-Key: ${secrets['X-Api-Key']} } }\n`;
    const redact = redactor(loaded(folder.load(yaml)));
    expect(redact(`sent ${secrets.authorization} and ${secrets['X-Api-Key']}`)).to.equal('sent [secret] and [secret]');
    const sns = redactor(
      loaded(folder.load(`${LEAST}sms: { ${SNS}, accessKeyId: AKID, secretAccessKey: qrstuvwx }\n`)),
    );
    expect(sns('signed with qrstuvwx')).to.equal('signed with [secret]');
  });

  it('is missed where codes are to be sent', () => {
    const allowed = 'policy: { secondFactors: { allowed: [totp, email, sms] }, sms: { country: CH } }';
    const warningsOf = (more: string) =>
      folder.load(`${TENANT}    ${allowed}\n${PRODUCTION}${more}`).warnings.map(({ path }) => path);
    const path = 'tenants.acme.policy.secondFactors.allowed';
    expect(warningsOf('')).to.deep.equal([`${path}.1`, `${path}.2`]);
    expect(warningsOf(`sms: { ${SNS} }\n`)).to.deep.equal([`${path}.1`]);
    expect(warningsOf(`sms: { ${SNS} }\nmail: { from: a@b.example, url: 'smtps://h' }\n`)).to.deep.equal([]);
  });

  describe('without a country that messages may go to', () => {
    const path = 'tenants.acme.policy.sms.countries';
    const load = (allowed: string, sms: string, more = '') =>
      folder.load(`${TENANT}    policy: { secondFactors: { allowed: ${allowed} }, sms: ${sms} } #!\n${more}`);
    const warned = (...with_: Parameters<typeof load>) =>
      load(...with_)
        .warnings.map((warning) => warning.path)
        .filter((each) => each === path);

    it('is warned of, wherever sms is allowed, and loads all the same', () => {
      expect(warned('[totp, passkey, sms, email]', '{}')).to.deep.equal([path]);
      expect(load('[totp, passkey, sms, email]', '{}', PRODUCTION).ok).to.equal(true);
      for (const sms of ['{ country: CH }', '{ countries: [CH] }']) expect(warned('[sms]', sms), sms).to.deep.equal([]);
      expect(warned('[totp]', '{}')).to.deep.equal([]);
    });

    it('is refused in production where it leaves nobody a factor', () => {
      const loaded = load('[sms, recovery-code]', '{}', PRODUCTION);
      expect(loaded.ok ? [] : loaded.problems.map((problem) => problem.path)).to.deep.equal([path]);
      expect(load('[sms, recovery-code]', '{}').ok).to.equal(true);
      expect(load('[sms, recovery-code]', '{ country: CH }', PRODUCTION).ok).to.equal(true);
    });
  });

  describe('that does not fit', () => {
    itTells({
      'no provider': {
        yaml: withSms('region: eu-west-1'),
        path: 'sms.provider',
        message: /missing/,
        mend: /sns or http/,
      },
      'an unknown provider': { yaml: withSms('provider: htpp'), path: 'sms.provider', mend: /did you mean http\?/ },
      'no region': { yaml: withSms('provider: sns'), path: 'sms.region', mend: /SALLYPORT_SMS_REGION/ },
      'half of the credentials': {
        yaml: withSms(`${SNS}, accessKeyId: AKIDEXAMPLE`),
        path: 'sms.secretAccessKey',
        mend: /both/,
      },
      'the other half of them': {
        yaml: withSms(`${SNS}, secretAccessKey: ${SECRET}`),
        path: 'sms.accessKeyId',
        mend: /both/,
      },
      "another provider's key": { yaml: withSms(`${SNS}, body: x`), path: 'sms.body', mend: /remove it/ },
      'a sender id that is too long': {
        yaml: withSms(`${SNS}, senderId: AcmeAndCompany`),
        path: 'sms.senderId',
        mend: /11/,
      },
      'a gateway without TLS': {
        yaml: withSms(GATEWAY.replace('https:', 'http:')),
        path: 'sms.url',
        mend: /https/,
      },
      'a password in the URL': {
        yaml: withSms(GATEWAY.replace('https://', `https://u:${SECRET}@`)),
        path: 'sms.url',
        mend: /without a password/,
      },
      'a body without the text': { yaml: withSms(GATEWAY.replace('{text}', '')), path: 'sms.body', mend: /\{text\}/ },
      'a body that is no JSON': { yaml: withSms(`${GATEWAY}, format: json`), path: 'sms.body', mend: /JSON/ },
      'two ways to sign in': {
        yaml: withSms(`${GATEWAY}, authorization: ${SECRET}, username: u, password: ${SECRET}`),
        path: 'sms.authorization',
        mend: /not both/,
      },
      'a user without a password': { yaml: withSms(`${GATEWAY}, username: u`), path: 'sms.password', mend: /both/ },
      'an endpoint without TLS, in production': {
        yaml: `${withSms(`${SNS}, endpoint: 'http://sns.example.com'`)}${PRODUCTION}`,
        path: 'sms.endpoint',
        message: /in the clear/,
        mend: /https/,
      },
    });
  });
});

describe('mail.ca in the configuration', () => {
  it('is read from its file', () => {
    const folder = configFolder();
    folder.write('ca.pem', '-----BEGIN CERTIFICATE-----\n');
    const yaml = `${LEAST}mail: { from: a@b.example, url: 'smtps://h', caFile: ca.pem }\n`;
    const { mail } = loaded(folder.load(yaml));
    folder.remove();
    expect(mail).to.deep.equal({ from: 'a@b.example', url: 'smtps://h', ca: '-----BEGIN CERTIFICATE-----' });
  });
});
