import { Router } from '@koa/router';
import { expect } from 'chai';
import Koa, { type Middleware } from 'koa';
import { AppError, directoryUnavailable } from '../../src/errors.ts';
import { handleErrors, logStrayErrors, type ErrorPage, type RenderErrorPage } from '../../src/http/error-handler.ts';
import { requestContext } from '../../src/http/request-context.ts';
import { ask, captureLog, closeAll, serve, silentLog, type Answer } from './http-fixture.ts';

const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

const render: RenderErrorPage = (_, page) => `<p>${JSON.stringify(page)}</p>`;

function fail(thrown: unknown): Middleware {
  return () => {
    throw thrown;
  };
}

describe('handleErrors', () => {
  afterEach(closeAll);

  async function answerTo(thrown: unknown, headers = {}, renderErrorPage = render): Promise<Answer> {
    const { url } = await serve([
      requestContext(silentLog),
      handleErrors({ renderErrorPage, log: silentLog }),
      fail(thrown),
    ]);
    return ask(url, { headers });
  }

  it('gives a program a problem document', async () => {
    const { status, headers, body } = await answerTo(new AppError('login_expired', 410, 'This sign-in has expired.'));
    expect(status).to.equal(410);
    expect(headers['content-type']).to.equal('application/problem+json');
    expect(headers['cache-control']).to.equal('no-store');
    expect(JSON.parse(body)).to.deep.equal({
      type: 'about:blank',
      title: 'Gone',
      status: 410,
      detail: 'This sign-in has expired.',
      code: 'login_expired',
      requestId: headers['x-request-id'],
    });
  });

  it('gives a browser the page, and the renderer all it needs', async () => {
    let page: ErrorPage | undefined;
    const { status, headers, body } = await answerTo(directoryUnavailable(new Error('ldap1')), BROWSER, (_, given) => {
      page = given;
      return '<h1>Sorry</h1>';
    });
    expect(status).to.equal(503);
    expect(headers['content-type']).to.equal('text/html; charset=utf-8');
    expect(headers['retry-after']).to.equal('10');
    expect(body).to.equal('<h1>Sorry</h1>');
    expect(page).to.include({
      status: 503,
      code: 'directory_unavailable',
      requestId: headers['x-request-id'],
      retryAfter: 10,
    });
    expect(page?.time).to.be.a('date');
  });

  it('says nothing about what it does not know, and logs it with its cause', async () => {
    const capture = captureLog();
    const fault = new Error('relation "users" does not exist', { cause: new Error('the cause') });
    const { url } = await serve([
      requestContext(capture.log),
      handleErrors({ renderErrorPage: render, log: capture.log }),
      fail(fault),
    ]);
    for (const headers of [{}, BROWSER]) {
      const { status, body } = await ask(url, { headers: { ...headers, 'X-Request-Id': 'id-1' } });
      expect(status).to.equal(500);
      expect(body)
        .to.contain('internal_error')
        .and.not.to.match(/relation|cause|stack|\.ts/);
    }
    const [line] = capture.lines();
    expect(line).to.deep.include({ level: 'error', requestId: 'id-1', errorCode: 'internal_error', status: 500 });
    expect(JSON.stringify(line?.['err'])).to.contain('relation \\"users\\"').and.to.contain('the cause');
  });

  it('logs a refusal at info, without a stack', async () => {
    const capture = captureLog();
    const { url } = await serve([
      requestContext(capture.log),
      handleErrors({ renderErrorPage: render, log: capture.log }),
      fail(new AppError('invalid_form', 400, 'No.', { cause: new Error('inner') })),
    ]);
    await ask(url);
    expect(capture.lines()).to.have.length(1);
    expect(capture.lines()[0]).to.include({ level: 'info', errorCode: 'invalid_form' }).and.not.to.have.property('err');
  });

  it('survives a thrown non-error', async () => {
    expect(await answerTo('a string')).to.have.property('status', 500);
    expect(await answerTo(undefined)).to.have.property('status', 500);
  });

  it('falls back to plain text when the page cannot be rendered', async () => {
    const { status, headers, body } = await answerTo(new AppError('not_found', 404, 'Nothing here.'), BROWSER, () => {
      throw new Error('template is broken');
    });
    expect(status).to.equal(404);
    expect(headers['content-type']).to.equal('text/plain; charset=utf-8');
    expect(body).to.match(/^Nothing here\.\n\nCode: not_found\nRequest: \S+\nTime: \d{4}-/);
    expect(body).not.to.contain('template');
  });

  it('takes back the headers of the answer that is not given', async () => {
    const { url } = await serve([
      handleErrors({ renderErrorPage: render, log: silentLog }),
      (ctx) => {
        ctx.set({ ETag: '"x"', 'Cache-Control': 'public', 'X-Kept': 'yes', 'Content-Encoding': 'br' });
        ctx.cookies.set('half', 'made');
        ctx.body = Buffer.from('half an answer');
        throw new AppError('internal_error', 500, 'Sorry.');
      },
    ]);
    const { headers, body } = await ask(url);
    expect(headers).to.not.have.any.keys('etag', 'set-cookie', 'content-encoding');
    expect(headers).to.include({ 'cache-control': 'no-store', 'x-kept': 'yes' });
    expect(JSON.parse(body)).to.include({ code: 'internal_error' });
  });

  it('answers what nobody answered: 404 as page and as problem', async () => {
    const { url } = await serve([handleErrors({ renderErrorPage: render, log: silentLog })]);
    const page = await ask(`${url}/nowhere`, { headers: BROWSER });
    expect(page.status).to.equal(404);
    expect(page.body).to.match(/^<p>.*"code":"not_found"/);
    const problem = await ask(`${url}/nowhere`, { headers: { Accept: 'application/json' } });
    expect(problem.status).to.equal(404);
    expect(JSON.parse(problem.body)).to.include({ code: 'not_found', title: 'Not Found' });
  });

  it('answers 405 with Allow to a wrong method, known or not', async () => {
    const router = new Router();
    router.post('/login', (ctx) => {
      ctx.body = 'in';
    });
    const { url } = await serve((app) => {
      app.use(handleErrors({ renderErrorPage: render, log: silentLog }));
      app.use(router.routes()).use(router.allowedMethods());
    });
    for (const method of ['GET', 'DELETE', 'PROPFIND']) {
      const { status, headers, body } = await ask(`${url}/login`, { method });
      expect(status).to.equal(405);
      expect(headers.allow).to.equal('POST');
      expect(JSON.parse(body)).to.include({ code: 'method_not_allowed' });
    }
  });

  for (const [status, code] of [
    [400, 'bad_request'],
    [403, 'bad_request'],
    [404, 'not_found'],
    [413, 'payload_too_large'],
  ] as const) {
    it(`maps koa's own ${String(status)} to ${code}`, async () => {
      const { url } = await serve([
        handleErrors({ renderErrorPage: render, log: silentLog }),
        (ctx) => ctx.throw(status, 'said by a library'),
      ]);
      const answer = await ask(url);
      expect(answer.status).to.equal(status);
      expect(JSON.parse(answer.body)).to.include({ code });
      expect(answer.body).not.to.contain('library');
    });
  }

  it('breaks an answer off that has already begun', async () => {
    const capture = captureLog();
    const { url } = await serve([
      handleErrors({ renderErrorPage: render, log: capture.log }),
      (ctx) => {
        ctx.res.write('begun');
        throw new Error('too late');
      },
    ]);
    const failed = await ask(url).then(
      () => false,
      () => true,
    );
    expect(failed).to.equal(true);
    expect(capture.lines()[0]).to.include({ level: 'error', errorCode: 'internal_error' });
    expect(capture.text()).to.contain('too late');
  });
});

describe('logStrayErrors', () => {
  for (const [code, level] of [
    ['ECONNRESET', 'debug'],
    ['HPE_INVALID_EOF_STATE', 'debug'],
    ['EACCES', 'error'],
  ] as const) {
    it(`logs ${code} at ${level}`, () => {
      const capture = captureLog();
      const app = new Koa();
      logStrayErrors(app, capture.log);
      app.emit('error', Object.assign(new Error('broken'), { code }));
      expect(capture.lines()[0]).to.include({ level });
    });
  }
});
