import { expect } from 'chai';
import { accessLog } from '../../src/observability/access-log.ts';
import { clientAddress } from '../../src/http/client-address.ts';
import { handleErrors } from '../../src/http/error-handler.ts';
import { readFormBody } from '../../src/http/body.ts';
import { describeRequest, requestContext } from '../../src/http/request-context.ts';
import type { Metrics, RequestFinished } from '../../src/observability/metrics.ts';
import { captureLog, closeAll, postForm, rawClient, serve } from './http-fixture.ts';

const SECRET = 'hunter2';

describe('the log', () => {
  const names = [
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'password',
    'newPassword',
    'bindPassword',
    'code',
    'userCode',
    'recovery_codes',
    'secret',
    'client_secret',
    'clientSecret',
    'token',
    'access_token',
    'refreshToken',
    'id_token_hint',
    'assertion',
    'client_assertion',
    'code_verifier',
    'csrf',
    'apiKey',
  ];
  for (const name of names) {
    it(`does not write the value of ${name}, at any depth`, () => {
      const { log, text, lines } = captureLog();
      log.info({ [name]: SECRET, deep: { deeper: [{ [name]: SECRET }] } }, 'message');
      log.child({ requestId: 'id-1' }).info({ [name]: SECRET }, 'message');
      expect(lines()).to.have.length(2);
      expect(text()).not.to.contain(SECRET);
      expect(lines()[0]).to.have.property(name, '[redacted]');
    });
  }

  it('writes what is no secret', () => {
    const { log, lines } = captureLog();
    const at = new Date(0);
    log.info(
      { errorCode: 'not_found', statusCode: 404, keyId: 'k1', secretFile: '/run/k1', at, list: [1, null] },
      'hello',
    );
    expect(lines()[0]).to.deep.include({
      level: 'info',
      msg: 'hello',
      errorCode: 'not_found',
      statusCode: 404,
      keyId: 'k1',
      secretFile: '/run/k1',
      at: at.toISOString(),
      list: [1, null],
    });
  });

  for (const [written, expected] of [
    ['/auth?code=hunter2&state=x', '/auth'],
    ['https://app.example.com/cb?code=hunter2', 'https://app.example.com/cb'],
    ['https://app.example.com/cb#id_token=hunter2', 'https://app.example.com/cb'],
    ['postgres://app:hunter2@db.example.com:5432/app?sslmode=require', 'postgres://db.example.com:5432/app'],
    ['smtps://ann@example.com:hunter2@mail.example.com', 'smtps://mail.example.com'],
    ['cannot reach redis://:hunter2@cache:6379/0 (timeout)', 'cannot reach redis://cache:6379/0 (timeout)'],
    ['what now? /x', 'what now? /x'],
  ] as const) {
    it(`writes ${expected} for ${written}`, () => {
      const { log, lines } = captureLog();
      log.info({ where: written }, 'message');
      expect(lines()[0]).to.have.property('where', expected);
    });
  }

  it('writes an error with its causes and without what a library hung on it', () => {
    const { log, text, lines } = captureLog();
    const reply = Object.assign(new Error('WRONGTYPE'), {
      command: { name: 'set', args: ['key', SECRET] },
      code: 'E1',
    });
    const fault = new Error('storage', { cause: new AggregateError([reply], 'all failed') });
    log.error({ err: fault }, 'failed');
    expect(text()).not.to.contain(SECRET);
    expect(lines()[0]).to.have.nested.property('err.cause.errors[0].errorCode', 'E1');
    expect(lines()[0]).to.have.nested.property('err.message', 'storage');
    expect(lines()[0]).to.have.nested.property('err.stack').that.contains('observability-log.test');
  });

  it('survives circles, binary, big numbers and very long text', () => {
    const { log, lines, text } = captureLog();
    const circle: Record<string, unknown> = { key: Buffer.from(SECRET), big: 10n ** 20n, long: 'a://'.repeat(100_000) };
    circle['itself'] = circle;
    circle['process'] = process;
    const looped = new Error('outer');
    looped.cause = looped;
    const started = performance.now();
    log.warn({ circle, err: looped }, 'odd');
    expect(performance.now() - started).to.be.lessThan(200);
    expect(lines()[0]).to.have.nested.property('circle.key', '[Buffer]');
    expect(lines()[0]).to.have.nested.property('circle.big', '100000000000000000000');
    expect(text().length).to.be.lessThan(100_000);
  });
});

describe('the access log', () => {
  afterEach(closeAll);

  let metrics: Pick<Metrics, 'requestFinished'>;
  let finished: Promise<RequestFinished>;
  beforeEach(() => {
    const { promise, resolve } = Promise.withResolvers<RequestFinished>();
    metrics = { requestFinished: resolve };
    finished = promise;
  });

  it('writes one line for a request: no query, no body, no cookie', async () => {
    const capture = captureLog();
    const { url } = await serve([
      clientAddress([]),
      requestContext(capture.log),
      accessLog(metrics),
      handleErrors({ renderErrorPage: () => '', log: capture.log }),
      async (ctx) => {
        await readFormBody(ctx);
        describeRequest({ tenantSlug: 'acme', route: 'login' });
        ctx.status = 303;
        ctx.set({ Location: `https://app.example.com/cb?code=${SECRET}`, 'Set-Cookie': `session=${SECRET}` });
        ctx.body = '';
      },
    ]);
    await postForm(`${url}/login?code=${SECRET}`, `password=${SECRET}&code=${SECRET}`, {
      Cookie: `session=${SECRET}`,
      Authorization: `Bearer ${SECRET}`,
      'X-Request-Id': 'id-1',
    });
    expect(await finished).to.include({ route: 'login', method: 'POST', status: 303 });
    expect(capture.lines()).to.have.length(1);
    expect(capture.lines()[0]).to.include({
      method: 'POST',
      path: '/login',
      status: 303,
      requestId: 'id-1',
      tenant: 'acme',
      address: '127.0.0.1',
    });
    expect(capture.lines()[0]).to.have.property('ms').that.is.a('number');
    expect(capture.text()).not.to.contain(SECRET);
  });

  it('says when the client went away before its answer', async () => {
    const capture = captureLog();
    const begun = Promise.withResolvers<undefined>();
    const { port } = await serve([
      requestContext(capture.log),
      accessLog(metrics),
      async (ctx) => {
        begun.resolve(undefined);
        await new Promise((resolve) => ctx.res.once('close', resolve));
      },
    ]);
    const client = await rawClient(port);
    client.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await begun.promise;
    client.socket.destroy();
    expect(await finished).to.include({ route: 'unmatched' });
    expect(capture.lines()[0]).to.include({ path: '/slow', aborted: true });
  });
});
