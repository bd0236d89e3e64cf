import { once } from 'node:events';
import { expect } from 'chai';
import type { Middleware } from 'koa';
import { readFormBody } from '../../src/http/body.ts';
import { listen } from '../../src/http/server.ts';
import { ask, closeAll, rawClient, serve, silentLog } from './http-fixture.ts';
import { handleErrors } from '../../src/http/error-handler.ts';

/** A handler that says when it has begun, and answers when it may. */
function gate(): { middleware: Middleware; begun: Promise<void>; open: () => void } {
  const begun = Promise.withResolvers<undefined>();
  const opened = Promise.withResolvers<undefined>();
  return {
    middleware: async (ctx) => {
      begun.resolve(undefined);
      await opened.promise;
      ctx.body = 'finished';
    },
    begun: begun.promise,
    open: () => {
      opened.resolve(undefined);
    },
  };
}

const hello: Middleware = (ctx) => {
  ctx.body = 'hello';
};

async function timed(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return performance.now() - started;
}

describe('listen', () => {
  afterEach(closeAll);

  it('serves on a free port and says where', async () => {
    const { url, port } = await serve([hello]);
    expect(url).to.equal(`http://127.0.0.1:${String(port)}`);
    expect(await ask(url)).to.include({ status: 200, body: 'hello' });
  });

  it('rejects when the port is taken', async () => {
    const { app, port } = await serve([hello]);
    const failure: unknown = await listen(app, { host: '127.0.0.1', port }).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'EADDRINUSE');
  });

  it('refuses headers over 16 kB', async () => {
    const { url } = await serve([hello]);
    expect(await ask(url, { headers: { Cookie: 'x'.repeat(17 * 1024) } })).to.have.property('status', 431);
  });

  it('gives up a client that does not finish its headers', async () => {
    const { port } = await serve([hello], { requestTimeoutMs: 300 });
    const client = await rawClient(port);
    client.send('GET / HTTP/1.1\r\nHost: x\r\n');
    await client.closed;
    expect(client.received()).to.match(/^HTTP\/1\.1 408 /);
  });
});

describe('close', () => {
  afterEach(closeAll);

  it('lets a running request finish, and tells its client not to come back', async () => {
    const { middleware, begun, open } = gate();
    const { url, close } = await serve([middleware]);
    const answer = ask(url);
    await begun;
    const closed = close(5_000);
    open();
    const { status, body, headers } = await answer;
    expect({ status, body }).to.deep.equal({ status: 200, body: 'finished' });
    expect(headers.connection).to.equal('close');
    await closed;
  });

  it('accepts nobody new after the last call', async () => {
    const { middleware, begun, open } = gate();
    const { url, port, close } = await serve([middleware]);
    const idle = await rawClient(port);
    const answer = ask(url);
    await begun;
    const closed = close(5_000);
    await idle.closed;
    const refused: unknown = await ask(url).catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'ECONNREFUSED');
    open();
    expect(await answer).to.have.property('status', 200);
    await closed;
  });

  it('is over at once when nobody is connected', async () => {
    const { close } = await serve([hello]);
    expect(await timed(close(5_000))).to.be.lessThan(500);
  });

  it('still answers what comes on an idle connection in the last call, then closes it', async () => {
    const { port, close } = await serve([hello]);
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const [busy, idle] = [await rawClient(port), await rawClient(port)];
    for (const client of [busy, idle]) {
      client.send(request);
      await client.receives(/keep-alive[\s\S]*hello$/);
    }
    const closed = close(5_000);
    busy.send(request);
    await busy.receives(/Connection: close[\s\S]*hello$/);
    await Promise.all([busy.closed, idle.closed]);
    expect(await timed(closed)).to.be.lessThan(500);
  });

  it('is not held by a connection whose answer had begun before', async () => {
    const finish = Promise.withResolvers<undefined>();
    const { port, close } = await serve([
      async (ctx) => {
        ctx.respond = false;
        ctx.res.setHeader('Content-Length', 10);
        ctx.res.write('begun');
        await finish.promise;
        ctx.res.end('ended');
      },
    ]);
    const client = await rawClient(port);
    const silent = await rawClient(port);
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.receives(/begun$/);
    const closed = close(20_000);
    await silent.closed;
    finish.resolve(undefined);
    await client.receives(/begunended$/);
    expect(await timed(closed)).to.be.lessThan(500);
  });

  for (const [what, half] of [
    ['nothing', ''],
    ['half its headers', 'GET / HTTP/1.1\r\nHo'],
    [
      'half its body',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\nco',
    ],
  ] as const) {
    it(`is not held by a client that has sent ${what}, while a running request goes on`, async () => {
      const { middleware, begun, open } = gate();
      const { url, port, close } = await serve([
        handleErrors({ renderErrorPage: () => '', log: silentLog }),
        async (ctx, next) => {
          if (ctx.method === 'POST') await readFormBody(ctx);
          await next();
        },
        middleware,
      ]);
      const client = await rawClient(port);
      client.send(half);
      const answer = ask(url);
      await begun;
      const closed = close(20_000);
      expect(await timed(client.closed)).to.be.lessThan(3_000);
      open();
      expect(await answer).to.include({ status: 200, body: 'finished' });
      expect(await timed(closed)).to.be.lessThan(500);
    });
  }

  it('still answers a request whose second half comes in time', async () => {
    const { port, close } = await serve([hello]);
    const client = await rawClient(port);
    client.send('GET / HTTP/1.1\r\nHo');
    // The server has seen the first half once it has answered on another connection.
    await ask(`http://127.0.0.1:${String(port)}`);
    const closed = close(5_000);
    client.send('st: x\r\n\r\n');
    await client.receives(/Connection: close[\s\S]*hello$/);
    await Promise.all([closed, client.closed]);
  });

  it('breaks off what is not finished when the time is over', async () => {
    const { middleware, begun } = gate();
    const { port, close } = await serve([middleware]);
    const client = await rawClient(port);
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await begun;
    const ended = once(client.socket, 'close');
    expect(await timed(close(300))).to.be.within(250, 1_500);
    await ended;
    expect(client.received()).to.equal('');
  });
});
