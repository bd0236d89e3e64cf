import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { clientAddress } from '../../src/http/client-address.ts';
import { currentRequest, describeRequest, onBehalfOf, requestContext } from '../../src/http/request-context.ts';
import { ask, captureLog, closeAll, serve, silentLog } from './http-fixture.ts';

describe('requestContext', () => {
  afterEach(closeAll);

  it('is found by what runs on behalf of a request, and by nobody else', async () => {
    const { url } = await serve([
      clientAddress([]),
      requestContext(silentLog),
      async (ctx) => {
        describeRequest({ tenantSlug: ctx.path.slice(1) });
        await setImmediate();
        const request = currentRequest();
        ctx.body = { ...request, log: undefined };
      },
    ]);
    const slugs = ['acme', 'globex', 'initech'];
    const answers = await Promise.all(slugs.map((slug) => ask(`${url}/${slug}`, { headers: { 'User-Agent': slug } })));
    answers.forEach(({ headers, body }, index) => {
      expect(JSON.parse(body)).to.deep.equal({
        requestId: headers['x-request-id'],
        address: '127.0.0.1',
        userAgent: slugs[index],
        tenantSlug: slugs[index],
      });
    });
    expect(currentRequest()).to.equal(undefined);
  });

  it('makes an id, or takes over a sane one', async () => {
    const { url } = await serve([requestContext(silentLog)]);
    const idFor = async (offered: string) =>
      (await ask(url, { headers: { 'X-Request-Id': offered } })).headers['x-request-id'];
    expect((await ask(url)).headers['x-request-id']).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
    expect(await idFor('trace.01_a-B')).to.equal('trace.01_a-B');
    expect(await idFor('x'.repeat(64))).to.equal('x'.repeat(64));
    for (const insane of ['x'.repeat(65), 'a b', '<script>', 'a"b'])
      expect(await idFor(insane)).to.match(/^[0-9a-f-]{36}$/);
  });

  it('writes the id into each line of the log, and bounds what the client says of itself', async () => {
    const capture = captureLog();
    const { url } = await serve([
      requestContext(capture.log),
      (ctx) => {
        const request = currentRequest();
        request?.log.info({ length: request.userAgent?.length }, 'hello');
        ctx.body = '';
      },
    ]);
    await ask(url, { headers: { 'X-Request-Id': 'id-1', 'User-Agent': 'x'.repeat(5_000) } });
    expect(capture.lines()[0]).to.include({ requestId: 'id-1', length: 512 });
  });

  it('can be given to work that comes from no request', () => {
    const request = { requestId: 'r', address: '192.0.2.1', userAgent: undefined, log: silentLog };
    expect(onBehalfOf(request, () => currentRequest()?.requestId)).to.equal('r');
  });
});
