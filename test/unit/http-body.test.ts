import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Middleware } from 'koa';
import { z } from 'zod';
import { allowBodyTime } from '../../src/http/body-time.ts';
import { closeAfterUnreadBody, readFormBody } from '../../src/http/body.ts';
import { handleErrors } from '../../src/http/error-handler.ts';
import { checkInput } from '../../src/http/validate.ts';
import { ask, closeAll, postForm, rawClient, serve, silentLog } from './http-fixture.ts';

const errors = handleErrors({ renderErrorPage: () => '', log: silentLog });
const echo: Middleware = async (ctx) => {
  ctx.body = await readFormBody(ctx);
};
const SignIn = z.object({ username: z.string().min(1), password: z.string().max(10) });
const signIn: Middleware = async (ctx) => {
  ctx.body = checkInput(await readFormBody(ctx), SignIn);
};

function problem(body: string): Record<string, unknown> {
  return JSON.parse(body);
}

function formHead(length: number): string {
  const type = 'application/x-www-form-urlencoded';
  return `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${String(length)}\r\n\r\n`;
}

describe('form bodies', () => {
  afterEach(closeAll);

  async function echoUrl(): Promise<string> {
    return (await serve([closeAfterUnreadBody, errors, echo])).url;
  }

  it('are read as flat fields', async () => {
    const { status, body } = await postForm(await echoUrl(), 'username=ann+b&password=p%C3%A4ss%26&code=');
    expect(status).to.equal(200);
    expect(problem(body)).to.deep.equal({ username: 'ann b', password: 'päss&', code: '' });
  });

  for (const [what, body] of [
    ['a repeated field', 'username=ann&username=bob'],
    ['__proto__', '__proto__=1'],
    ['a nested name', 'user[admin]=1'],
    ['an empty name', '=1'],
    ['a NUL', 'username=an%00n'],
    ['a NUL in a name', 'user%00name=ann'],
  ] as const) {
    it(`are refused with ${what}`, async () => {
      const answer = await postForm(await echoUrl(), body);
      expect(answer.status).to.equal(400);
      expect(problem(answer.body)).to.include({ code: 'invalid_form' });
    });
  }

  it('have no prototype to reach', async () => {
    const { url } = await serve([
      errors,
      async (ctx) => {
        const fields = await readFormBody(ctx);
        ctx.body = { prototype: Object.getPrototypeOf(fields), constructor: fields['constructor'] };
      },
    ]);
    const answer = await postForm(url, 'constructor=mine');
    expect(problem(answer.body)).to.deep.equal({ prototype: null, constructor: 'mine' });
  });

  const unreadable: Record<string, string>[] = [
    { 'Content-Type': 'application/json' },
    { 'Content-Type': 'multipart/form-data; boundary=x' },
    { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-16' },
    { 'Content-Encoding': 'gzip' },
  ];
  for (const headers of unreadable) {
    it(`are refused with ${JSON.stringify(headers)}`, async () => {
      const answer = await postForm(await echoUrl(), 'username=ann', headers);
      expect(answer.status).to.equal(415);
      expect(problem(answer.body)).to.include({ code: 'invalid_form' });
    });
  }

  it('are read up to 64 KiB and no further', async () => {
    const url = await echoUrl();
    const fits = `password=${'x'.repeat(64 * 1024 - 'password='.length)}`;
    expect((await postForm(url, fits)).status).to.equal(200);
    const answer = await postForm(url, `${fits}x`);
    expect(answer.status).to.equal(413);
    expect(problem(answer.body)).to.include({ code: 'payload_too_large' });
  });

  it('of 50 MB end in a clear 413, of announced and of unannounced length', async () => {
    const url = await echoUrl();
    const large = Buffer.alloc(50 * 1024 * 1024, 'x');
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const announced = await fetch(url, { method: 'POST', headers, body: large });
    expect(announced.status).to.equal(413);
    expect(await announced.json()).to.include({ code: 'payload_too_large' });

    const unannounced = await ask(url, {
      method: 'POST',
      headers: { ...headers, 'Transfer-Encoding': 'chunked' },
      body: large,
    });
    expect(unannounced.status).to.equal(413);
    expect(unannounced.headers.connection).to.equal('close');
  });

  it('that are too large are answered before they are sent; the close waits for the client', async () => {
    let request: IncomingMessage | undefined;
    const { port } = await serve([
      (ctx, next) => {
        request = ctx.req;
        return next();
      },
      closeAfterUnreadBody,
      errors,
      echo,
    ]);
    const client = await rawClient(port);
    client.send(formHead(100_000));
    await client.receives(/^HTTP\/1\.1 413 [\s\S]*Connection: close[\s\S]*payload_too_large/);
    client.send('x'.repeat(100_000));
    await client.closed;
    expect(request).to.have.property('complete', true);
  });

  it('that are too large and never end are cut off', async () => {
    const { port } = await serve([closeAfterUnreadBody, errors, echo]);
    const client = await rawClient(port);
    client.send(`${formHead(50 * 1024 * 1024)}username=a`);
    await client.receives(/^HTTP\/1\.1 413 /);
    await client.closed;
  });

  it('that come too slowly are given up', async () => {
    const { port } = await serve([closeAfterUnreadBody, errors, echo], { requestTimeoutMs: 300 });
    const client = await rawClient(port);
    client.send(`${formHead(100)}user`);
    await client.closed;
    expect(client.received()).to.match(/^HTTP\/1\.1 408 /);
  });

  it('that are allowed more time get it', async () => {
    const patient: Middleware = (ctx, next) => {
      allowBodyTime(ctx.req, 10_000);
      return next();
    };
    const { port } = await serve([closeAfterUnreadBody, errors, patient, echo], { requestTimeoutMs: 200 });
    const client = await rawClient(port);
    client.send(`${formHead(10)}name=`);
    await delay(600);
    client.send('12345');
    await client.receives(/^HTTP\/1\.1 200 /);
    client.socket.destroy();
  });

  it('that nobody wanted close the connection; a request without one keeps it', async () => {
    const { url } = await serve([closeAfterUnreadBody, errors]);
    const large = await ask(url, { method: 'POST', body: Buffer.alloc(1024 * 1024) });
    expect(large).to.have.property('status', 404);
    expect(large.headers.connection).to.equal('close');
    const none = await ask(url);
    expect(none.headers.connection).to.equal('keep-alive');
  });
});

describe('checkInput', () => {
  afterEach(closeAll);

  it('gives the fields of the schema and no others', async () => {
    const { url } = await serve([errors, signIn]);
    const { body } = await postForm(url, 'username=ann&password=secret&admin=1');
    expect(problem(body)).to.deep.equal({ username: 'ann', password: 'secret' });
  });

  it('names the fields that are wrong, and not their values', async () => {
    const { url } = await serve([errors, signIn]);
    const { status, body } = await postForm(url, 'password=correct-horse-battery');
    expect(status).to.equal(400);
    expect(problem(body)).to.deep.include({
      code: 'invalid_form',
      errors: [
        { field: 'username', problem: 'invalid_type' },
        { field: 'password', problem: 'too_big' },
      ],
    });
    expect(body).not.to.contain('horse');
  });
});
