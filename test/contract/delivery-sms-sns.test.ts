import { spawnSync } from 'node:child_process';

import { expect } from 'chai';

import { createSnsChannel } from '../../src/delivery/sms-sns.ts';
import type { SnsChannel } from '../../src/delivery/sms-sns.ts';
import type { SnsSettings } from '../../src/delivery/sms-settings.ts';
import { failureOf } from '../support/delivery.ts';
import { freePort } from '../support/ports.ts';
import { SNS_KEYS, startSns } from '../support/sns.ts';
import type { TestSns } from '../support/sns.ts';

const SMS = { to: '+41791234567', text: 'Grüße ✓ 123456\n\n@id.example.com #123456' };
const ID = '01890000-0000-7000-8000-000000000001';

describe('text messages by Amazon SNS', () => {
  let sns: TestSns;
  const open: SnsChannel[] = [];

  before(async () => {
    sns = await startSns();
  });
  afterEach(() => {
    sns.fail(undefined);
    sns.published.splice(0);
    for (const channel of open.splice(0)) channel.close();
  });
  after(() => sns.stop());

  function channel(settings: Partial<SnsSettings> = {}, timeoutMs?: number): SnsChannel {
    const required = { provider: 'sns', region: 'eu-west-1', endpoint: sns.endpoint, ...SNS_KEYS } as const;
    const made = createSnsChannel({ ...required, ...settings }, timeoutMs);
    open.push(made);
    return made;
  }
  const send = (by: SnsChannel, signal = AbortSignal.timeout(10_000)) => by.send(SMS, ID, signal);

  it('publishes to the number, signed, as a transactional message', async () => {
    await send(channel());
    expect(sns.published).to.deep.equal([
      { ...SMS, region: 'eu-west-1', attributes: { 'AWS.SNS.SMS.SMSType': 'Transactional' } },
    ]);
  });

  it('says who sends, where that is configured', async () => {
    await send(channel({ senderId: 'Acme', originationNumber: '+12025550100', region: 'us-east-1' }));
    const [{ attributes, region } = { attributes: {}, region: '' }] = sns.published;
    expect(region).to.equal('us-east-1');
    expect(attributes).to.include({ 'AWS.SNS.SMS.SenderID': 'Acme', 'AWS.MM.SMS.OriginationNumber': '+12025550100' });
  });

  it("finds credentials by the SDK's own chain", async () => {
    process.env.AWS_ACCESS_KEY_ID = SNS_KEYS.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = SNS_KEYS.secretAccessKey;
    try {
      await send(channel({ accessKeyId: undefined, secretAccessKey: undefined }));
    } finally {
      delete process.env.AWS_ACCESS_KEY_ID;
      delete process.env.AWS_SECRET_ACCESS_KEY;
    }
    expect(sns.published.length).to.equal(1);
  });

  it('may not send with another secret, which can be mended', async () => {
    const error = await failureOf(send(channel({ secretAccessKey: 'another' })));
    expect(error).to.include({ message: 'SignatureDoesNotMatch 403', permanent: false });
    expect(sns.published).to.deep.equal([]);
  });

  for (const [what, status, code, message, permanent] of [
    ['a number that is none', 400, 'InvalidParameter', 'InvalidParameterException 400', true],
    ['somebody who opted out', 400, 'OptedOut', 'OptedOutException 400', true],
    ['too many messages at once', 429, 'Throttled', 'ThrottledException 429', false],
    ['an account that may not', 403, 'AuthorizationError', 'AuthorizationErrorException 403', false],
    ['trouble of its own', 500, 'InternalError', 'InternalErrorException 500', false],
    ['a reason with words in it', 400, 'your code is 123456', 'unknown 400', false],
  ] as const) {
    it(`tells what SNS refuses for ${what}, and quotes nothing`, async () => {
      sns.fail(() => ({ status, code }));
      const before = sns.requests();
      expect(await failureOf(send(channel()))).to.include({ message, permanent });
      expect(sns.requests() - before, 'attempts').to.equal(1);
    });
  }

  it('does not wait for an answer for ever', async () => {
    sns.fail(() => 'silent');
    const started = performance.now();
    expect(await failureOf(send(channel({}, 300)))).to.include({ message: 'TimeoutError', permanent: false });
    expect(performance.now() - started).to.be.below(3000);
  });

  it('stops when it is told to, and sends again afterwards', async () => {
    sns.fail(() => 'silent');
    const by = channel();
    expect(await failureOf(send(by, AbortSignal.timeout(200)))).to.include({ message: 'AbortError', permanent: false });
    sns.fail(undefined);
    await send(by);
    expect(sns.published.length).to.equal(1);
  });

  it('reports a connection that drops, and a port where nobody listens', async () => {
    sns.fail(() => 'hang-up');
    expect((await failureOf(send(channel()))).permanent).to.equal(false);
    const nowhere = channel({ endpoint: `http://127.0.0.1:${await freePort()}` });
    expect((await failureOf(send(nowhere))).permanent).to.equal(false);
  });

  it('costs nothing until a message is sent', () => {
    const program = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { createSnsChannel } = await import('./src/delivery/sms-sns.ts');
      createSnsChannel({ provider: 'sns', region: 'eu-west-1' }).close();
      console.log(loaded.filter((url) => /sms-sns/.test(url)).length, loaded.filter((url) => /aws|smithy/.test(url)).length);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(stdout, stderr).to.equal('1 0\n');
  });
});
